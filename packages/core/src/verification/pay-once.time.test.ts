// payOnce and time: units, validity, clocks that are wrong, how long a payment is remembered, and the longest lease.
import { describe, expect, it, vi } from "vitest";
import { manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { day, hour, keep, never, orders, passing, paymentWorld, sellerOf } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import { verifyOnce } from "./verify-once.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const expired = () => seller({ verify: async () => ({ ok: false, reason: "expired" }) });
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const duplicate = { status: "paid", fresh: false, receipt: "tx", kept: "content" };
const rejected = { status: "rejected", reason: "expired" };

describe("C10: validUntilMs", () => {
  it.each([
    ["seconds", () => Math.floor(Date.now() / 1000) + 600],
    ["0", () => 0],
    ["just too small", () => 1e12 - 1],
  ])(
    "that is %s is refused with a message that says milliseconds, before anything is done",
    async (_title, validUntil) => {
      const payment = { ...world.payment, validUntilMs: validUntil() };
      const refused = payOnce(world.stores[0], payment, seller());
      await expect(refused).rejects.toMatchObject({
        code: "STORE_INVALID_ARGUMENT",
        message: expect.stringMatching(/^payment\.validUntilMs must be in milliseconds; this is in seconds/),
      });
      expect(world.ledger.verifies).toBe(0);
      expect(world.port.records.size).toBe(0);
    },
  );

  it.each([Number.NaN, -1, 1.5, 2 ** 60, "soon", undefined])("that is %s is refused", async (validUntilMs) => {
    const payment = Object.assign({ ...world.payment }, { validUntilMs });
    const refused = payOnce(world.stores[0], payment, seller());
    await expect(refused).rejects.toThrow(/^payment\.validUntilMs must be a whole number of milliseconds/);
  });

  it("of more than 31 days ahead is refused before anything is served", async () => {
    const forever = { ...world.payment, validUntilMs: Date.now() + 32 * day };
    await expect(payOnce(world.stores[0], forever, seller())).rejects.toThrow(/31 days/);
    expect(world.ledger).toMatchObject({ serves: 0, transfers: 0 });
  });

  it("long past, of an unknown payment: verify decides", async () => {
    const past = { ...world.payment, validUntilMs: Date.now() - 400 * day };
    expect(await payOnce(world.stores[0], past, expired())).toEqual(rejected);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await payOnce(world.stores[0], past, seller(), { keep })).toEqual(fresh);
  });

  it.each(orders)(
    "long past, and taken all the same: remembered for a day, not served anew at +11 min: %s",
    async (order) => {
      const past = { ...world.payment, validUntilMs: Date.now() - 400 * day };
      expect(await payOnce(world.stores[0], past, seller(), { order, keep })).toEqual(fresh);
      for (const waitMs of [11 * 60_000, 11 * 60_000, 23 * hour]) {
        await vi.advanceTimersByTimeAsync(waitMs);
        expect(await payOnce(world.stores[1], past, seller(), { order, keep })).toEqual(duplicate);
      }
      expect(world.ledger).toMatchObject({ transfers: 1, serves: 1, verifies: 1 });
    },
  );

  it.each(orders)("past, where a record exists: the record decides, and nothing is verified: %s", async (order) => {
    await payOnce(world.stores[0], world.payment, seller(), { order, keep });
    await vi.advanceTimersByTimeAsync(13 * hour);
    const asked = world.ledger.verifies;
    expect(await payOnce(world.stores[1], world.payment, expired(), { order, keep })).toEqual(duplicate);
    expect(world.ledger.verifies).toBe(asked);
  });

  it("past, while another is at it: waits for that one's result without a verification", async () => {
    const slow = seller({ serve: () => new Promise((resolve) => setTimeout(() => resolve("content"), 1_000)) });
    const past = { ...world.payment, validUntilMs: Date.now() + 10 };
    const first = payOnce(world.stores[0], past, slow, { keep });
    await vi.advanceTimersByTimeAsync(100);
    const second = payOnce(world.stores[1], past, seller({ verify: never }), { keep });
    expect(await passing(2_000, Promise.all([first, second]))).toEqual([fresh, duplicate]);
  });

  it("past, and its maker died before anything moved: verified again under the lease", async () => {
    const past = { ...world.payment, validUntilMs: Date.now() + 10 };
    const { fingerprint, validUntilMs } = past;
    await world.stores[0].claim("p:payment", {
      ...{ token: "dead", fingerprint, leaseMs: 20_000, onLeaseExpiry: "retry" },
      ...{ retainUntilMs: validUntilMs, payment: { payload: "payload" } },
    });
    await vi.advanceTimersByTimeAsync(15_000);
    const work = payOnce(world.stores[1], past, expired());
    expect(await passing(10_000, work)).toEqual(rejected);
    expect(await world.stores[0].peek("p:payment")).toEqual({ status: "absent" });
    expect(world.ledger.serves).toBe(0);
  });

  it("past, and another payload is at it: not waited for where it is rejected", async () => {
    void payOnce(world.stores[0], world.payment, seller({ serve: never }), { leaseMs: 1_000 });
    await vi.advanceTimersByTimeAsync(10);
    const other = { ...world.payment, payloadHash: "other", validUntilMs: Date.now() - 1 };
    expect(await payOnce(world.stores[1], other, expired())).toMatchObject({ status: "pending" });
  });
});

describe.each(orders)("C10: the store's clock decides how long a payment is remembered, %s", (order) => {
  /** Two instances whose own clocks are both `skewMs` ahead of the store's. */
  const skewed = (skewMs: number) => {
    const clock = manualClock(Date.now() - skewMs);
    const port = mapPort(clock);
    return { clock, stores: [createVerificationStore(port), createVerificationStore(port)] as const };
  };

  it.each([
    ["13 hours behind", -13 * hour],
    ["13 hours ahead", 13 * hour],
    ["10 minutes ahead", 600_000],
  ])("an instance that is %s: no replay a day after its validity, by the store's clock", async (_title, skewMs) => {
    const { clock, stores } = skewed(skewMs);
    const payment = { ...world.payment, validUntilMs: clock.now() + hour };
    const options = { order, keep };
    expect(await payOnce(stores[0], payment, seller(), options)).toEqual(fresh);
    for (const passMs of [hour, 11 * hour, 12 * hour]) {
      clock.advance(passMs);
      vi.setSystemTime(Date.now() + passMs);
      expect(await payOnce(stores[1], payment, seller(), options)).toEqual(duplicate);
    }
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });

  it("a payment valid for nearly 31 days is remembered longer than it is valid", async () => {
    const validForMs = 30.9 * day;
    const long = { ...world.payment, validUntilMs: Date.now() + validForMs };
    await payOnce(world.stores[0], long, seller(), { order, keep });
    // Around the ceiling, two hours were enough for a replay.
    for (const passMs of [validForMs - hour, 2 * hour, 22 * hour]) {
      vi.setSystemTime(Date.now() + passMs);
      expect(await payOnce(world.stores[1], long, seller(), { order, keep })).toEqual(duplicate);
    }
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });

  it("what is owed is kept for 31 days from its receipt", async () => {
    const brief = { ...world.payment, validUntilMs: Date.now() + 1_000 };
    const lost = seller({
      async settle() {
        world.ledger.transfers += 1;
        throw new Error("reply lost");
      },
    });
    await payOnce(world.stores[0], brief, lost, { order, keep });
    await world.stores[0].settle("p:payment", { receipt: "tx" });
    await vi.advanceTimersByTimeAsync(31 * day - 1);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled" });
    expect(await payOnce(world.stores[1], brief, expired(), { order, keep })).toEqual(fresh);
    // And a day for those who ask again.
    await vi.advanceTimersByTimeAsync(day - 1);
    expect(await payOnce(world.stores[0], brief, expired(), { order, keep })).toEqual(duplicate);
  });

  it("what expired is kept for 31 days", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: () => Promise.reject(new Error("died")) }), {
      order,
    });
    const none = seller({ findSettlement: async () => ({ none: "expired" }) });
    expect(await payOnce(world.stores[0], world.payment, none, { order })).toEqual(rejected);
    await vi.advanceTimersByTimeAsync(31 * day - 1);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(rejected);
  });
});

describe("C11: leases", () => {
  it.each([3_600_001, 8 * day, 2 ** 31, 0, -1, 1.5])(
    "of %s ms are refused by payOnce and verifyOnce",
    async (leaseMs) => {
      const paying = payOnce(world.stores[0], world.payment, seller(), { leaseMs });
      await expect(paying).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
      const verifying = verifyOnce(world.stores[0], world.payment, async () => ({ ok: true }), { leaseMs });
      await expect(verifying).rejects.toThrow(/^leaseMs must be/);
      expect(world.ledger.verifies).toBe(0);
    },
  );

  it("of an hour work: settle has three hours to answer", async () => {
    const slow = seller({
      settle: () => new Promise((resolve) => setTimeout(() => resolve({ ok: true, receipt: "tx" }), 3 * hour - 1)),
    });
    const work = payOnce(world.stores[0], { ...world.payment, validUntilMs: Date.now() + day }, slow, {
      leaseMs: hour,
    });
    expect(await passing(3 * hour, work)).toEqual(fresh);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are renewed at every third while a step works, and three of them are a remote step's time", async () => {
    const signals: AbortSignal[] = [];
    const hung = seller({
      settle({ signal }) {
        signals.push(signal);
        return never();
      },
    });
    const started = performance.now();
    const work = payOnce(world.stores[0], world.payment, hung, { leaseMs: 3_000 });
    await vi.advanceTimersByTimeAsync(8_999);
    expect(signals[0]?.aborted).toBe(false);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "in-progress" });
    await vi.advanceTimersByTimeAsync(1);
    expect(signals[0]?.reason).toMatchObject({ name: "TimeoutError", message: "The step did not answer in time." });
    expect(await work).toEqual({ status: "pending", retryAfterMs: 1_000 });
    expect(performance.now() - started).toBe(9_000);
  });
});

describe("a caller that slept for ten minutes since it began", () => {
  it("takes nothing up any more", async () => {
    const sleepy = seller({
      verify: () => new Promise((resolve) => setTimeout(() => resolve({ ok: true }), 600_001)),
    });
    const paid = await passing(700_000, payOnce(world.stores[0], world.payment, sleepy, { leaseMs: 300_000 }));
    expect(paid).toEqual({ status: "pending", retryAfterMs: 1_000 });
    expect(world.ledger).toMatchObject({ serves: 0, transfers: 0 });
    expect(await payOnce(world.stores[1], world.payment, seller())).toEqual(fresh);
  });
});
