// Verifications 12j-12m: paid means delivered, whatever the result is and whenever it comes.
import assert from "node:assert/strict";
import type { Keep } from "@tollbooth-stores/core";
import { desk, leaseMs, type VerificationProperty } from "./checks.ts";
import { duplicate, type FakeSeller, fresh, type Order, orders, plainly, sellerAt } from "./fake-seller.ts";
import { intercepted, momentsOf, mortal, titleOf } from "./faulty-processes.ts";
import { gate, soon, untilRecord } from "./waiting.ts";

/** A lease that really passes: long enough for the few round trips until settle runs, also on a busy machine. */
const shortLeaseMs = 500;

/** Results that cannot be kept, or not be read again. `text` is larger than the store takes. */
const unkeepable = (text: string): Readonly<Record<string, Keep<string>>> => ({
  "a result that cannot be written": { ...plainly, write: () => JSON.stringify({ price: 1n }) },
  "a result of ill-formed text": { ...plainly, write: () => "\ud800" },
  "a result that is too large": { ...plainly, write: () => text },
  "a result that cannot be read": { ...plainly, read: (kept) => JSON.parse(`not JSON: ${kept}`) },
});

export const deliveryProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12j",
    title: "payOnce: a settlement that answers after its time is recorded, and delivered once",
    async run(bench) {
      const at = await desk(bench);
      await Promise.all(
        orders.map(async (order) => {
          const seller = sellerAt(at, order);
          const answers = gate();
          const settle = async () => {
            await answers.opened;
            return { ok: true, receipt: seller.move() } as const;
          };
          const first = await soon(seller.pay(at.store, { settle }, {}, { leaseMs: shortLeaseMs }));
          assert.equal(first.status, "pending", order);
          assert.equal((await seller.pay(at.store)).status, "pending", `${order}: not known yet`);
          answers.open();
          await untilRecord(at.store, seller.record, (status) => status === "settled");
          assert.deepEqual(await seller.pay(at.store), fresh, order);
          assert.deepEqual([seller.count("settle"), seller.transfers()], [1, 1], order);
        }),
      );
    },
  },
  {
    id: "verifications/12k",
    title: "payOnce: a settlement that answers after it was found and delivered changes nothing",
    async run(bench) {
      const at = await desk(bench);
      await Promise.all(
        orders.map(async (order) => {
          const seller = sellerAt(at, order);
          const [answers, recorded] = [gate(), gate()];
          const settle = async () => {
            const receipt = seller.move();
            await answers.opened;
            return { ok: true, receipt } as const;
          };
          const watched = intercepted(at.store, async ({ name }, run) => {
            const reply = await run();
            if (name === "settle") recorded.open();
            return reply;
          });
          const first = await soon(seller.pay(watched, { settle }, {}, { leaseMs: shortLeaseMs }));
          assert.equal(first.status, "pending", order);
          assert.deepEqual(await seller.pay(at.store), fresh, order);
          answers.open();
          await soon(recorded.opened);
          assert.deepEqual(await seller.pay(at.store), duplicate, order);
          assert.deepEqual([seller.count("settle"), seller.transfers()], [1, 1], order);
        }),
      );
    },
  },
  {
    id: "verifications/12l",
    title:
      "payOnce: a result that cannot be kept or read is delivered; where owed it is made again, never settled again",
    async run(bench) {
      const at = await desk(bench);
      for (const [what, keep] of Object.entries(unkeepable("x".repeat(bench.maxValueBytes + 1)))) {
        for (const order of orders) {
          const title = `${what}, ${order}`;
          const told = sellerAt(at, order, title);
          const unkept = { status: "paid", fresh: false, receipt: "tx 1" } as const;
          assert.deepEqual(await told.pay(at.store, {}, {}, { keep }), fresh, title);
          assert.deepEqual(await told.pay(at.store, {}, {}, { keep }), unkept, `${title}: a duplicate`);
          assert.deepEqual([told.count("serve"), told.transfers()], [1, 1], title);
          const owed = sellerAt(at, order, `owed, ${title}`);
          await dieAfterTheMoneyMoved(at.store, owed, keep);
          await at.advance(leaseMs);
          assert.deepEqual(await owed.pay(at.store, {}, {}, { keep }), fresh, `${title}: it was owed`);
          assert.equal(owed.transfers(), 1, title);
        }
      }
      // A receipt that cannot be kept stands by its hash: the money has moved, and is not moved again.
      for (const order of orders) {
        const title = `a receipt that is too large, ${order}`;
        const seller = sellerAt(at, order, title);
        const settle = async () => ({ ok: true, receipt: seller.move() + "x".repeat(bench.maxValueBytes) }) as const;
        const paid = await seller.pay(at.store, { settle });
        assert.ok(paid.status === "paid" && paid.fresh && paid.result === "the goods", title);
        assert.match(paid.receipt, /^sha256:[\w-]{43}$/, title);
        assert.deepEqual(await seller.pay(at.store, { settle }), { ...duplicate, receipt: paid.receipt }, title);
        assert.deepEqual([seller.count("serve"), seller.count("settle"), seller.transfers()], [1, 1, 1], title);
      }
    },
  },
  {
    id: "verifications/12m",
    title: "payOnce: what was settled in one order is delivered by a process that works in the other, settled once",
    async run(bench) {
      const at = await desk(bench);
      for (const [first, second] of [orders, [...orders].reverse()]) {
        const moments = (await momentsOf(at, "new")).filter(({ order, name }) => order === first && name === "settle");
        for (const moment of [undefined, ...moments]) {
          const title = `${first}, then ${second}, ${moment === undefined ? "in settle" : titleOf(moment)}`;
          const seller = sellerAt(at, first as Order, title);
          if (moment === undefined) await dieAfterTheMoneyMoved(at.store, seller, plainly);
          else await seller.pay(mortal(at.store, moment).store).catch(() => undefined);
          await at.advance(leaseMs);
          const told = (await at.store.peek(seller.record)).status === "delivered";
          assert.deepEqual(await seller.pay(at.store, {}, {}, { order: second }), told ? duplicate : fresh, title);
          assert.deepEqual(await seller.pay(at.store, {}, {}, { order: second }), duplicate, title);
          assert.equal(seller.transfers(), 1, title);
        }
      }
    },
  },
];

async function dieAfterTheMoneyMoved(
  store: Parameters<FakeSeller["pay"]>[0],
  seller: FakeSeller,
  keep: Keep<string>,
): Promise<void> {
  const process = mortal(store);
  const settle = async () => {
    seller.move();
    return process.die();
  };
  await seller.pay(process.store, { settle }, {}, { keep }).catch(() => undefined);
}
