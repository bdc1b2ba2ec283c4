// What payOnce refuses to take for a name, and what it does not take for an answer: only what is clear counts.
import { describe, expect, it, vi } from "vitest";
import { deferred, hour, leaseMs, orders, passing, paymentWorld, sellerOf } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const died = () => Promise.reject(new Error("died"));
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const conflict = { status: "conflict" };

describe("B8: names", () => {
  it.each(["key", "payloadHash", "fingerprint", "collector", "reference"] as const)(
    "an empty %s, or one that is no string, is refused before anything is done",
    async (field) => {
      const wrong: unknown[] = [
        "",
        7,
        null,
        {},
        ...(field === "collector" || field === "reference" ? [] : [undefined]),
      ];
      for (const value of wrong) {
        const payment = Object.assign({ ...world.payment }, { [field]: value });
        const refused = payOnce(world.stores[0], payment, seller());
        await expect(refused).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
        await expect(payOnce(world.stores[0], payment, seller())).rejects.toThrow(`payment.${field} must`);
      }
      expect(world.port.records.size).toBe(0);
      expect(world.ledger.verifies).toBe(0);
    },
  );

  it.each(orders)(
    "one payload under two keys is fresh for the first, and a conflict for the other: %s",
    async (order) => {
      expect(await payOnce(world.stores[0], world.payment, seller(), { order })).toEqual(fresh);
      const other = { ...world.payment, key: "another" };
      expect(await payOnce(world.stores[1], other, seller(), { order })).toEqual(conflict);
      await vi.advanceTimersByTimeAsync(12 * hour);
      expect(await payOnce(world.stores[1], other, seller(), { order })).toEqual(conflict);
      expect(world.ledger.transfers).toBe(1);
    },
  );

  it("an order that there is not is refused", async () => {
    const order = JSON.parse('"settle-first"');
    await expect(payOnce(world.stores[0], world.payment, seller(), { order })).rejects.toThrow(/^order must be/);
  });
});

describe.each(orders)("B9: an answer that is not clear, %s", (order) => {
  const answering = (answer: unknown) => async () => JSON.parse(JSON.stringify({ answer })).answer;

  it.each([
    ...[undefined, null, "yes", true, {}, { ok: "true" }, { ok: "false" }, { ok: 1 }, { ok: false }],
    ...[{ ok: false, reason: 7 }, { ok: true, value: 7 }, { later: "true" }, { later: true, retryAfterMs: "soon" }],
    ...[
      { later: true, retryAfterMs: -1 },
      { later: true, ok: true },
      { ok: false, reason: "no", used: "yes" },
    ],
  ])("of verify is a thrown mistake, and accepts no payment: %j", async (answer) => {
    const loose = seller({ verify: answering(answer) });
    const thrown = payOnce(world.stores[0], world.payment, loose, { order });
    await expect(thrown).rejects.toThrow(/^verify must answer/);
    expect(world.ledger).toMatchObject({ serves: 0, transfers: 0 });
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(fresh);
  });

  it.each([
    ...[undefined, null, "tx", true, {}, { ok: true }, { receipt: "tx" }, { ok: "true", receipt: "tx" }],
    ...[{ ok: true, receipt: "" }, { ok: true, receipt: 7 }, { ok: false }, { ok: false, reason: null }],
    ...[
      { ok: false, reason: "no", used: "yes" },
      { ok: false, reason: "failed", receipt: "0xhash" },
    ],
  ])("of settle is in doubt: %j", async (answer) => {
    const loose = seller({ settle: answering(answer) });
    expect(await payOnce(world.stores[0], world.payment, loose, { order })).toMatchObject({ status: "pending" });
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
  });

  it.each([
    ...[undefined, null, "none", "tx", {}, { receipt: "" }, { receipt: 7 }, { none: true }, { none: "gone" }],
    ...[
      { receipt: "tx", none: "void" },
      { receipt: null, none: "void" },
    ],
  ])("of findSettlement is unknown: %j", async (answer) => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { order });
    const loose = seller({ findSettlement: answering(answer) });
    expect(await payOnce(world.stores[1], world.payment, loose, { order })).toMatchObject({ status: "pending" });
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
  });

  it("that comes from a settle after its time completes nothing", async () => {
    for (const answer of [{ ok: true }, { ok: false, reason: "no" }, null, "paid"]) {
      world.renew();
      const late = deferred<{ ok: true; receipt: string }>();
      const slow = seller({ settle: () => late.promise });
      const first = payOnce(world.stores[0], world.payment, slow, { leaseMs, order });
      expect(await passing(3 * leaseMs, first)).toMatchObject({ status: "pending" });
      late.resolve(JSON.parse(JSON.stringify(answer)));
      await vi.advanceTimersByTimeAsync(10);
      expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
      expect(vi.getTimerCount()).toBe(0);
    }
  });
});
