// One seller's process: takes payments by payOnce on the shared stores, and stops at the points where the plan strikes.
import { type Paid, payOnce, type VerificationStore } from "@tollbooth-stores/core";
import type { FromWorker, PaymentRequest, StoreSettings, Told, ToWorker } from "./messages.ts";
import type { Point } from "./plan.ts";

const waiting = new Map<number, { resolve(message: ToWorker): void }>();
let asks = 0;
let store: VerificationStore | undefined;

function send(message: FromWorker): void {
  process.send?.(message);
}

function ask(message: (ask: number) => FromWorker): Promise<ToWorker> {
  asks += 1;
  const number = asks;
  return new Promise((resolve) => {
    waiting.set(number, { resolve });
    send(message(number));
  });
}

async function open({ client, port }: StoreSettings): Promise<VerificationStore> {
  const options = { connection: { url: `redis://127.0.0.1:${port}` }, commandTimeoutMs: 250, keyPrefix: "chaos" };
  if (client === "memory") return (await import("@tollbooth-stores/memory")).createMemoryVerificationStore();
  if (client === "ioredis") return (await import("@tollbooth-stores/ioredis")).createIoredisVerificationStore(options);
  return (await import("@tollbooth-stores/redis")).createNodeRedisVerificationStore(options);
}

async function pay(verifications: VerificationStore, { request, payment, validBeforeMs, leaseMs }: PaymentRequest) {
  const caller = new AbortController();
  const strikes = new Set(payment.strikes.map(({ at }) => at));
  /** The plan may strike here, each time anew: the run knows which strikes are over. */
  const at = async (point: Point, told?: Told) => {
    if (!strikes.has(point)) return;
    const go = await ask((number) => ({ kind: "at", ask: number, request, point, ...(told && { told }) }));
    if (go.kind === "go" && go.abort) caller.abort();
  };
  const asked = async (kind: "transfer" | "find"): Promise<unknown> => {
    const reply = await ask((number) => ({ kind, ask: number, request }));
    if (reply.kind === "reply" && reply.error === undefined) return reply.value;
    throw new Error("The ledger did not answer.");
  };
  const id = String(payment.id);
  let paid: Paid<string>;
  try {
    paid = await payOnce(
      struck(verifications, at),
      {
        ...{ key: `payment ${id}`, payloadHash: `payload ${id}`, fingerprint: `purchase ${id}`, collector: id },
        ...{ validUntilMs: validBeforeMs, reference: id },
      },
      {
        async verify() {
          await at("verify");
          await at("verified");
          return { ok: true };
        },
        async serve() {
          await at("serve");
          const content = `content of payment ${id}`;
          await at("served");
          return content;
        },
        async settle({ signal, note }) {
          await note(`about to move ${id}`);
          await at("settle");
          signal.throwIfAborted();
          const receipt = String(await asked("transfer"));
          await at("moved");
          return { ok: true, receipt };
        },
        async findSettlement() {
          await at("find");
          const found = await asked("find");
          if (found === "expired") return { none: "expired" };
          return typeof found === "string" ? "unknown" : { receipt: `receipt of payment ${id}` };
        },
      },
      {
        ...{ order: payment.order, leaseMs, signal: caller.signal },
        keep: { write: (content) => content, read: (text) => text },
      },
    );
  } catch (error) {
    send({ kind: "told", request, told: { status: "error", message: error instanceof Error ? error.message : "?" } });
    return;
  }
  const told = toldBy(paid);
  await at("answer", told);
  send({ kind: "told", request, told });
}

/** The store, with a stop before and after the calls that move a payment on. */
function struck(verifications: VerificationStore, at: (point: Point) => Promise<void>): VerificationStore {
  const around = async <R>(name: "claim" | "renew" | "settle" | "deliver" | "complete", call: () => Promise<R>) => {
    await at(`before ${name}`);
    const reply = await call();
    await at(`after ${name}`);
    return reply;
  };
  return {
    ...verifications,
    claim: (...args) => around("claim", () => verifications.claim(...args)),
    renew: (...args) => around("renew", () => verifications.renew(...args)),
    settle: (...args) => around("settle", () => verifications.settle(...args)),
    deliver: (...args) => around("deliver", () => verifications.deliver(...args)),
    complete: (...args) => around("complete", () => verifications.complete(...args)),
  };
}

function toldBy(paid: Paid<string>): Told {
  if (paid.status !== "paid") return paid;
  if (paid.fresh) return { status: "fresh", content: paid.result };
  return paid.kept === undefined ? { status: "empty" } : { status: "kept", content: paid.kept };
}

process.on("message", (message: ToWorker) => {
  if (message.kind === "open") {
    void open(message.settings).then((opened) => {
      store = opened;
      send({ kind: "ready" });
    });
  } else if (message.kind === "pay") {
    if (store !== undefined) void pay(store, message.request);
  } else {
    waiting.get(message.ask)?.resolve(message);
    waiting.delete(message.ask);
  }
});
process.on("disconnect", () => process.exit());
