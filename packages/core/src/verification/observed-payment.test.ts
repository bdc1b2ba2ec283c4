// What the telemetry channel of answers tells of payOnce's calls: how each ended, for which payment, and nothing secret.
import { AsyncLocalStorage } from "node:async_hooks";
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { sha256 } from "../hashing.ts";
import { type AnswerMessage, answerChannel, payOnceChannel } from "../payment-telemetry.ts";
import { operationChannel } from "../telemetry.ts";
import { keep, orders, paymentWorld, sellerOf } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";

const world = paymentWorld();
const caller = new AsyncLocalStorage<string>();
let told: (AnswerMessage & { of?: string | undefined })[] = [];
const hear = (message: unknown) => void told.push({ ...(message as AnswerMessage), of: caller.getStore() });
beforeEach(() => {
  told = [];
  subscribe(answerChannel, hear);
});
afterEach(() => void unsubscribe(answerChannel, hear));

const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const handle = sha256("p:payment");
const outcomes = () => told.map(({ outcome, attempt }) => `${outcome} ${attempt}`);

it("a sale, a replay, and a payment of something else are told, each with the attempt whose lease it held", async () => {
  const [store, other] = world.stores;
  await payOnce(store, world.payment, seller());
  await payOnce(other, world.payment, seller());
  await payOnce(other, { ...world.payment, fingerprint: "another" }, seller());
  expect(outcomes()).toEqual(["paid 1", "delivered 0", "conflict 0"]);
  for (const message of told) expect(message).toMatchObject({ handle, durationMs: expect.any(Number) });
});

it("a replay that is answered with what was kept is not one that is refused", async () => {
  for (const store of world.stores) await payOnce(store, world.payment, seller(), { keep });
  expect(outcomes()).toEqual(["paid 1", "kept 0"]);
});

it("a payment that is no good is told as such", async () => {
  const refusing = seller({ verify: async () => ({ ok: false, reason: "why" }) });
  await payOnce(world.stores[0], world.payment, refusing);
  expect(told).toMatchObject([{ outcome: "rejected" }]);
});

// The search holds attempt 2, the delivery attempt 3.
it.each(orders)(
  "%s: doubt is told to its caller as pending, and the caller that finds the receipt has sold",
  async (order) => {
    const settle = () => Promise.reject(new Error("died"));
    await payOnce(world.stores[0], world.payment, seller({ settle }), { order, keep });
    world.ledger.transfers += 1;
    await payOnce(world.stores[1], world.payment, seller(), { order, keep });
    expect(outcomes()).toEqual(["pending 1", "paid 3"]);
  },
);

it("what serve threw is an error, and a caller that went away is none", async () => {
  const failing = seller({ serve: () => Promise.reject(new Error("secret-error")) });
  await payOnce(world.stores[0], world.payment, failing).catch(() => undefined);
  const gone = new AbortController();
  const leaving = seller({
    serve() {
      gone.abort();
      return new Promise(() => undefined);
    },
  });
  await payOnce(world.stores[0], world.payment, leaving, { signal: gone.signal }).catch(() => undefined);
  await world.port.close();
  expect(told).toMatchObject([{ outcome: "error", errorCode: "OTHER" }, { outcome: "left" }]);
  expect(told[1]).not.toHaveProperty("errorCode");
});

it("a store that fails is told by its error's code", async () => {
  await world.stores[0].close();
  await payOnce(world.stores[0], world.payment, seller()).catch(() => undefined);
  expect(told).toMatchObject([{ outcome: "error", errorCode: "STORE_CLOSED" }]);
});

it("is told where the caller is, for the span or the request that it belongs to", async () => {
  await caller.run("request 1", () => payOnce(world.stores[0], world.payment, seller()));
  expect(told).toMatchObject([{ of: "request 1" }]);
});

it("a store bound to the channel of beginnings is that of the call's operations and of its answer, and of no other", async () => {
  const calls = new AsyncLocalStorage<unknown>();
  channel(payOnceChannel).bindStore(calls, (message) => message);
  onTestFinished(() => void channel(payOnceChannel).unbindStore(calls));
  const heard = new Set<unknown>();
  const note = () => void heard.add(calls.getStore());
  for (const name of [operationChannel, answerChannel]) {
    subscribe(name, note);
    onTestFinished(() => void unsubscribe(name, note));
  }
  await payOnce(world.stores[0], world.payment, seller());
  expect([...heard], "each operation and the answer").toEqual([{ handle }]);
  await world.stores[0].peek("another");
  expect([...heard]).toEqual([{ handle }, undefined]);
});

it("holds no key, payload, fingerprint, collector, receipt, reason or result", async () => {
  const secret = {
    key: "secret-key",
    payloadHash: "secret-payload",
    fingerprint: "secret-print",
    collector: "secret-c",
  };
  const steps = seller({
    serve: async () => "secret-result",
    settle: async () => ({ ok: true, receipt: "secret-receipt" }),
  });
  for (const store of world.stores) await payOnce(store, { ...world.payment, ...secret }, steps, { keep });
  const refusing = seller({ verify: async () => ({ ok: false, reason: "secret-reason" }) });
  await payOnce(world.stores[0], { ...world.payment, key: "secret-2", payloadHash: "secret-3" }, refusing);
  expect(told).toHaveLength(3);
  expect(JSON.stringify(told)).not.toContain("secret");
  const names = ["attempt", "durationMs", "handle", "of", "outcome"];
  for (const message of told) expect(Object.keys(message).sort()).toEqual(names);
});
