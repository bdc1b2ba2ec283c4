// What a whole payment costs: how many calls of the store, and how many of them one after another.
import { expect, it } from "vitest";
import { manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { type PayOnceOptions, payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import type { VerificationStore } from "./verification-store.ts";

/** A store over `store` that tells its calls, and the longest chain of calls that waited for one another. */
function counting(store: VerificationStore): { store: VerificationStore; calls: string[]; inSequence(): number } {
  const calls: string[] = [];
  let answered = 0;
  const told = new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        calls.push(`${String(name)} ${String(args[0]).slice(0, 1)}`);
        const depth = answered + 1;
        // No answer comes in the turn of its call: calls that do not wait for each other are under way together.
        await new Promise((resolve) => setTimeout(resolve, 2));
        try {
          return await Reflect.apply(method, target, args);
        } finally {
          answered = Math.max(answered, depth);
        }
      };
    },
  });
  return { store: told, calls, inSequence: () => answered };
}

const payment = { key: "payment", payloadHash: "payload", fingerprint: "f", validUntilMs: Date.now() + 3_600_000 };
const steps: PaymentSteps<string> = {
  verify: async () => ({ ok: true }),
  serve: async () => "goods",
  settle: async () => ({ ok: true, receipt: "tx" }),
  findSettlement: async () => "unknown",
};
const keep = { write: (text: string) => text, read: (text: string) => text };

async function cost(options: PayOnceOptions<string>, changed: Partial<PaymentSteps<string>> = {}) {
  const counted = counting(createVerificationStore(mapPort(manualClock(Date.now()))));
  const paid = await payOnce(counted.store, payment, { ...steps, ...changed }, options);
  expect(paid).toMatchObject({ status: "paid", fresh: true, result: "goods" });
  return { calls: counted.calls, inSequence: counted.inSequence() };
}

it.each([
  ["", {}],
  [" whose result is kept", { keep }],
])("a payment%s takes five calls, four of them one after another", async (_, options) => {
  const { calls, inSequence } = await cost(options);
  expect(calls).toEqual(["claim v", "complete v", "claim p", "renew p", "settle p"]);
  expect(inSequence).toBe(4);
});

it("evidence of the settlement is one call more, which the settlement itself chooses to wait for", async () => {
  const { calls, inSequence } = await cost(
    {},
    {
      settle: async ({ note }) => {
        void note("tx hash");
        return { ok: true, receipt: "tx" };
      },
    },
  );
  expect(calls).toEqual(["claim v", "complete v", "claim p", "renew p", "note p", "settle p"]);
  expect(inSequence).toBe(5);
});

it("a payment that is settled first has its receipt recorded while it is served, so that a crash owes it", async () => {
  const serve = () => new Promise<string>((resolve) => setTimeout(() => resolve("goods"), 20));
  const { calls, inSequence } = await cost({ order: "settle-then-serve" }, { serve });
  expect(calls).toEqual(["claim v", "complete v", "claim p", "renew p", "settle p", "deliver p"]);
  expect(inSequence).toBe(5);
});
