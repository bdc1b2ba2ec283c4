// Verifications 12z-12ac: how long a payment is remembered, and by whose clock.
import assert from "node:assert/strict";
import { answerOf, rejectsWith } from "../assertions.ts";
import { ceilingMs, type Desk, day, desk, hour, leaseMs, minute, type VerificationProperty } from "./checks.ts";
import { duplicate, fresh, inBothOrders, orders, sellerAt } from "./fake-seller.ts";
import { mortal } from "./faulty-processes.ts";

/** Runs `work` in a process whose own clock is so far from the store's. */
async function skewed<R>(at: Desk, skewMs: number, work: () => Promise<R>): Promise<R> {
  const { now } = Date;
  Date.now = () => at.nowMs() + skewMs;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
}

/** Brings a payment's record into every state in which a receipt may come. */
const before: Readonly<Record<string, (at: Desk, key: string) => Promise<unknown>>> = {
  absent: async () => {},
  freed: async (at, key) => at.store.release(key, await at.hold(key, "owner", { fingerprint: "purchase 1" })),
  "in progress": (at, key) => at.hold(key, "owner", { fingerprint: "purchase 1" }),
  "in doubt": (at, key) => at.hold(key, "owner", { fingerprint: "purchase 1", onLeaseExpiry: "unknown", leaseMs: 1 }),
  expired: async (at, key) => {
    await at.hold(key, "owner", { fingerprint: "purchase 1", onLeaseExpiry: "unknown", leaseMs: 1 });
    await at.advance(1);
    assert.deepEqual(await at.store.expire(key, { reason: "expired" }), { status: "ok" });
  },
};

export const memoryProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12z",
    title: "payOnce: a receipt is recorded without a lease, whatever the payment was before, and its payer is served",
    async run(bench) {
      const at = await desk(bench);
      for (const order of orders) {
        for (const [state, reach] of Object.entries(before)) {
          const title = `${state}, ${order}`;
          const seller = sellerAt(at, order, title);
          await reach(at, seller.record);
          await at.advance(1);
          const settled = await at.store.settle(seller.record, { receipt: "tx 1" });
          assert.ok(settled.status === "settled" && settled.receipt === "tx 1", title);
          assert.deepEqual(await seller.pay(at.store), fresh, title);
          assert.equal(seller.count("settle"), 0, `${title}: settled again`);
          const other = await at.store.settle(seller.record, { receipt: "tx 2" });
          assert.equal(
            other.status === "lost" ? undefined : other.receipt,
            "tx 1",
            `${title}: the first receipt stays`,
          );
        }
      }
    },
  },
  {
    id: "verifications/12aa",
    title:
      "payOnce: what is settled and undelivered outlives every TTL, with what was kept; delivered, it stays a day more",
    async run(bench) {
      await inBothOrders(bench, async (at, seller, order) => {
        const process = mortal(at.store);
        const settle = async () => {
          seller.move();
          return process.die();
        };
        await seller.pay(process.store, { settle }).catch(() => undefined);
        await at.advance(leaseMs);
        await at.store.settle(seller.record, { receipt: "tx 1" });
        await at.advance(30 * day);
        assert.deepEqual(await seller.pay(at.store), fresh, order);
        await at.advance(day - 1);
        assert.deepEqual(await seller.pay(at.store), duplicate, order);
        assert.deepEqual([seller.count("serve"), seller.transfers()], [1, 1], order);
      });
    },
  },
  {
    id: "verifications/12ab",
    title: "payOnce: an instant in seconds is refused before any step runs; one long past is remembered for a day",
    async run(bench) {
      await inBothOrders(bench, async (at, seller, order) => {
        const seconds = Math.floor(seller.payment.validUntilMs / 1_000);
        for (const validUntilMs of [0, seconds, 999_999_999_999]) {
          await rejectsWith("STORE_INVALID_ARGUMENT", `${order}, ${validUntilMs}`, () =>
            seller.pay(at.store, {}, { validUntilMs }),
          );
        }
        assert.deepEqual(seller.log, [], order);
        // Verify decides whether it is still good.
        const longPast = { validUntilMs: at.nowMs() - 40 * day };
        assert.deepEqual(await seller.pay(at.store, {}, longPast), fresh, order);
        for (const waitMs of [11 * minute, 11 * minute, day - 22 * minute - 1]) {
          await at.advance(waitMs);
          assert.deepEqual(await seller.pay(at.store, {}, longPast), duplicate, `${order}: ${waitMs} ms on`);
        }
        assert.equal(seller.transfers(), 1, order);
      });
    },
  },
  {
    id: "verifications/12ac",
    title: "payOnce: the store's clock alone decides how long a payment is remembered, however wrong the instance's is",
    async run(bench) {
      const at = await desk(bench);
      const skews = [-40 * day, -13 * hour, 0, 13 * hour, 40 * day];
      const nearMs = ceilingMs - hour;
      const paid = skews.flatMap((skewMs) =>
        [hour, nearMs].map((validForMs) => ({ skewMs, validForMs, name: `${skewMs} ms, ${validForMs} ms` })),
      );
      const sellers = paid.map(({ skewMs, validForMs, name }) => {
        const seller = sellerAt(at, "serve-then-settle", name);
        const valid = { validUntilMs: at.nowMs() + validForMs };
        return { name, validForMs, seller, pay: () => skewed(at, skewMs, () => seller.pay(at.store, {}, valid)) };
      });
      for (const { name, pay } of sellers) assert.deepEqual(await answerOf(name, pay), fresh, name);
      for (const skewMs of skews) {
        const tooLong = { validUntilMs: at.nowMs() + ceilingMs + hour };
        const seller = sellerAt(at, "serve-then-settle", `too long, ${skewMs}`);
        await rejectsWith("STORE_INVALID_ARGUMENT", `${skewMs} ms, valid for too long`, () =>
          skewed(at, skewMs, () => seller.pay(at.store, {}, tooLong)),
        );
        assert.equal(seller.count("settle"), 0, "settled what cannot be remembered");
      }
      let elapsedMs = 0;
      for (const validForMs of [hour, nearMs]) {
        const lastMs = validForMs + day - 1;
        await at.advance(lastMs - elapsedMs);
        elapsedMs = lastMs;
        for (const { name, validForMs: for_, seller, pay } of sellers) {
          if (for_ < validForMs) continue;
          assert.deepEqual(await answerOf(name, pay), duplicate, `${name}: forgotten`);
          assert.equal(seller.transfers(), 1, name);
        }
      }
    },
  },
];
