// A payment that is over holds on to nothing: neither to what was made for it, nor to the request that it came with.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { orders } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

it.each(orders)("%s: answers are free once they are sent, also while the callers' signals live on", async (order) => {
  const store = createVerificationStore(mapPort({ now: Date.now }));
  const stopping = new AbortController();
  const signals: AbortSignal[] = [];
  const made: WeakRef<object>[] = [];
  const validUntilMs = Date.now() + 60_000;

  async function sell(key: string): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(60_000)]);
    signals.push(signal);
    const answer = { body: new Uint8Array(1_000) };
    made.push(new WeakRef(answer));
    const steps = {
      verify: async () => ({ ok: true }) as const,
      serve: async () => answer,
      settle: async () => ({ ok: true, receipt: "tx" }) as const,
      findSettlement: async () => "unknown" as const,
    };
    const paid = await payOnce(store, { key, payloadHash: key, fingerprint: "f", validUntilMs }, steps, {
      order,
      signal,
    });
    expect(paid.status).toBe("paid");
  }

  for (let sale = 0; sale < 20; sale += 1) await sell(`payment ${sale}`);
  // A leak lasts for a minute. A reference that is only left on the stack goes in one of the next turns.
  const isHeld = () => {
    collectGarbage();
    return made.filter((one) => one.deref() !== undefined);
  };
  await expect.poll(isHeld, { interval: 10, timeout: 2_000 }).toEqual([]);
  expect(signals).toHaveLength(20);
});
