// The word that a caller is told: never 402 for what moved or may have, conflicts for other payloads, and clear answers only.
import { describe, expect, it, vi } from "vitest";
import {
  day,
  deferred,
  hour,
  intercepted,
  keep,
  leaseMs,
  notSent,
  orders,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const died = () => Promise.reject(new Error("died"));
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const duplicate = { status: "paid", fresh: false, receipt: "tx" };
const conflict = { status: "conflict" };
const strict = () => seller({ verify: async () => ({ ok: false, reason: "expired or used" }) });
const reencoded = () => ({ ...world.payment, payloadHash: "the same, encoded anew" });

describe.each(orders)("B6: a rejected payload of a payment that is done, %s", (order) => {
  it("the same bytes 12 hours later, when verify would reject them, are not verified again", async () => {
    await payOnce(world.stores[0], world.payment, seller(), { order, keep });
    await vi.advanceTimersByTimeAsync(12 * hour);
    const late = seller({ verify: died });
    expect(await payOnce(world.stores[1], world.payment, late, { order, keep })).toEqual({
      ...duplicate,
      kept: "content",
    });
    expect(world.ledger.verifies).toBe(1);
  });

  it("the same bytes, where even the record of their acceptance is gone", async () => {
    await payOnce(world.stores[0], world.payment, seller(), { order, keep });
    for (const key of world.port.records.keys()) {
      const stored = JSON.stringify(world.port.records.get(key));
      if (!stored.includes('"payment"') && !stored.includes('"text"')) world.port.put(key, { endsAtMs: 0, body: null });
    }
    expect(await payOnce(world.stores[1], world.payment, strict(), { order, keep })).toEqual({
      ...duplicate,
      kept: "content",
    });
    await vi.advanceTimersByTimeAsync(2 * hour);
    const late = seller({ verify: died });
    expect(await payOnce(world.stores[1], world.payment, late, { order })).toEqual(duplicate);
  });

  it("another payload of it is a conflict, accepted or rejected, before its time is over and after", async () => {
    await payOnce(world.stores[0], world.payment, seller(), { order, keep });
    for (const laterMs of [0, hour, 12 * hour]) {
      await vi.advanceTimersByTimeAsync(laterMs);
      expect(await payOnce(world.stores[1], reencoded(), strict(), { order, keep })).toEqual(conflict);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await payOnce(world.stores[1], reencoded(), seller(), { order, keep })).toEqual(conflict);
      await vi.advanceTimersByTimeAsync(2 * day - 13 * hour > laterMs ? 0 : 1);
    }
  });

  it("what is owed goes to its own payload alone", async () => {
    const lost = seller({ settle: () => died().finally(() => (world.ledger.transfers += 1)) });
    await payOnce(world.stores[0], world.payment, lost, { order, keep });
    expect(await payOnce(world.stores[1], reencoded(), strict(), { order })).toMatchObject({ status: "pending" });
    expect(await payOnce(world.stores[1], world.payment, strict(), { order, keep })).toEqual(fresh);
  });

  it("a payment in doubt for days is found by its own payload, and pending while its outcome is unknown", async () => {
    const lost = seller({ settle: () => died().finally(() => (world.ledger.transfers += 1)) });
    await payOnce(world.stores[0], world.payment, lost, { order });
    await vi.advanceTimersByTimeAsync(5 * day);
    const blind: PaymentSteps<string> = { ...strict(), findSettlement: async () => "unknown" };
    expect(await payOnce(world.stores[1], world.payment, blind, { order })).toMatchObject({ status: "pending" });
    expect(await payOnce(world.stores[1], reencoded(), blind, { order })).toMatchObject({ status: "pending" });
    expect(await payOnce(world.stores[1], world.payment, strict(), { order })).toMatchObject({ fresh: true });
    expect(world.ledger.transfers).toBe(1);
  });

  it("is pending while another payload of it is being settled", async () => {
    const answer = deferred<{ ok: true; receipt: string }>();
    const first = payOnce(world.stores[0], world.payment, seller({ settle: () => answer.promise }), { leaseMs, order });
    await vi.advanceTimersByTimeAsync(10);
    expect(await payOnce(world.stores[1], reencoded(), strict(), { order })).toMatchObject({ status: "pending" });
    answer.resolve({ ok: true, receipt: "tx" });
    expect(await passing(10, first)).toEqual(fresh);
  });

  it("is told as soon as the lease of an attempt that died before its settlement is over: nothing has moved", async () => {
    const { fingerprint, validUntilMs } = world.payment;
    await world.stores[0].claim("p:payment", {
      ...{ token: "dead", fingerprint, leaseMs, onLeaseExpiry: "retry" },
      ...{ retainUntilMs: validUntilMs, payment: { payload: "payload" } },
    });
    expect(await payOnce(world.stores[1], world.payment, strict(), { order })).toMatchObject({ status: "pending" });
    await vi.advanceTimersByTimeAsync(10_000);
    const rejected = { status: "rejected", reason: "expired or used" };
    expect(await payOnce(world.stores[1], world.payment, strict(), { order })).toEqual(rejected);
  });

  it("of one that expired is rejected for the reason that is on record", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { order });
    await payOnce(world.stores[0], world.payment, seller({ findSettlement: async () => ({ none: "void" }) }), {
      order,
    });
    expect(await payOnce(world.stores[1], reencoded(), strict(), { order })).toEqual({
      status: "rejected",
      reason: "void",
    });
  });
});

describe.each(orders)("B7: a settlement that is refused, %s", (order) => {
  const refusing = (used?: boolean, more: Partial<PaymentSteps<string>> = {}) =>
    seller({ settle: async () => ({ ok: false, reason: "nonce used", used }), ...more });

  it.each([true, false, undefined])("used: %s, and a receipt is found: paid", async (used) => {
    const asked: unknown[] = [];
    const found = refusing(used, {
      async findSettlement(_, { reference }) {
        asked.push(reference);
        return { receipt: "tx" };
      },
    });
    const payment = { ...world.payment, reference: "nonce 7" };
    expect(await payOnce(world.stores[0], payment, found, { order })).toEqual(fresh);
    expect(asked).toEqual(["nonce 7"]);
    expect(await payOnce(world.stores[1], payment, seller(), { order })).toEqual(duplicate);
  });

  it.each([true, false])("used: %s, and none is found: rejected for good", async (used) => {
    const none = refusing(used, { findSettlement: async () => ({ none: "void" }) });
    const rejected = { status: "rejected", reason: "nonce used" };
    expect(await payOnce(world.stores[0], world.payment, none, { order })).toEqual(rejected);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(rejected);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "expired", reason: "nonce used" });
  });

  it("used, and it cannot be told: pending, and in doubt", async () => {
    const blind = refusing(true, { findSettlement: async () => "unknown" });
    expect(await payOnce(world.stores[0], world.payment, blind, { order })).toMatchObject({ status: "pending" });
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
  });

  it.each([false, undefined])("used: %s, and it cannot be told: the refusal stands, and frees it", async (used) => {
    const blind = refusing(used, { findSettlement: async () => "unknown" });
    const rejected = { status: "rejected", reason: "nonce used" };
    expect(await payOnce(world.stores[0], world.payment, blind, { order })).toEqual(rejected);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(fresh);
  });

  it("findSettlement has three leases to answer, also after a refusal, and a throw is unknown", async () => {
    const hung = refusing(true, { findSettlement: () => new Promise(() => undefined) });
    const paid = await passing(3 * leaseMs, payOnce(world.stores[0], world.payment, hung, { order, leaseMs }));
    expect(paid).toMatchObject({ status: "pending" });
    expect(vi.getTimerCount()).toBe(0);
    const throwing = seller({ findSettlement: died });
    expect(await payOnce(world.stores[1], world.payment, throwing, { order })).toMatchObject({ status: "pending" });
  });

  it("a client that repeats its request inside one settle waits, and is told that it is paid", async () => {
    const answer = deferred<{ ok: true; receipt: string }>();
    const first = payOnce(world.stores[0], world.payment, seller({ settle: () => answer.promise }), { leaseMs, order });
    await vi.advanceTimersByTimeAsync(10);
    const repeated = payOnce(world.stores[1], world.payment, seller(), { leaseMs, order });
    await vi.advanceTimersByTimeAsync(10);
    answer.resolve({ ok: true, receipt: "tx" });
    expect(await passing(leaseMs, Promise.all([first, repeated]))).toEqual([fresh, duplicate]);
  });

  it("is not told where the lease was lost meanwhile: another may have paid", async () => {
    const stalled = intercepted(world.stores[0], async ({ method, name, apply }) => {
      if (method === "release" && name === "p:payment") {
        world.standStill(2 * leaseMs);
        world.ledger.transfers = 1;
        await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order });
      }
      return apply();
    });
    const blind = refusing(false, { findSettlement: async () => "unknown" });
    const paid = await payOnce(stalled, world.payment, blind, { leaseMs, order });
    expect(paid).toEqual(duplicate);
  });

  it("is not told where the store does not say whether the payment is free", async () => {
    const silent = intercepted(world.stores[0], ({ method, apply }) =>
      method === "release" ? Promise.reject(notSent()) : apply(),
    );
    const blind = refusing(false, { findSettlement: async () => "unknown" });
    const waiting = payOnce(silent, world.payment, blind, { leaseMs, order });
    expect(await passing(leaseMs, waiting)).toMatchObject({ status: "pending" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("of a repeated verification is not told either where the lease was lost, or is not known to be", async () => {
    const blind = refusing(false, { findSettlement: async () => "unknown" });
    await payOnce(world.stores[0], world.payment, blind, { leaseMs, order });
    const stalled = intercepted(world.stores[0], async ({ method, name, apply }) => {
      if (method === "release" && name === "p:payment") {
        world.standStill(11_000);
        expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order })).toEqual(fresh);
      }
      return apply();
    });
    expect(await payOnce(stalled, world.payment, strict(), { leaseMs, order })).toEqual(duplicate);
  });
});
