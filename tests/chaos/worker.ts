// One seller's process: takes payments by payOnce on the shared stores, and may be the operator too.
import { setTimeout as sleep } from "node:timers/promises";
import type { VerificationStore } from "@tollbooth-stores/core";
import { answered, restingMs, send } from "./channel.ts";
import type { ToWorker } from "./messages.ts";
import { openStore } from "./open-store.ts";
import { operate } from "./operate.ts";
import { leave, pay } from "./pay.ts";

/** Longer than payOnce waits before it tries a call of the store again. */
const REST_MS = 1_500;

const operating = new AbortController();
let opened: { store: VerificationStore; leaseMs: number } | undefined;

async function open({ client, port, leaseMs, operates }: Extract<ToWorker, { kind: "open" }>["settings"]) {
  const store = await openStore(client, port, 250);
  opened = { store, leaseMs };
  if (operates) void operate(store, leaseMs, operating.signal);
  send({ kind: "ready" });
}

async function drain() {
  operating.abort();
  while (restingMs() < REST_MS) await sleep(100);
  send({ kind: "drained" });
}

process.on("message", (message: ToWorker) => {
  switch (message.kind) {
    case "open":
      return void open(message.settings);
    case "pay":
      return opened && void pay(opened.store, message.request, opened.leaseMs);
    case "leave":
      return leave(message.request);
    case "drain":
      return void drain();
    default:
      return answered(message);
  }
});
process.on("disconnect", () => process.exit());
