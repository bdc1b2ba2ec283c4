// Verifications 12n-12t and 12ak: what payOnce tells each caller of a payment, the payer and everyone else.
import assert from "node:assert/strict";
import { verifyOnce } from "@tollbooth-stores/core";
import { failureOf, rejectsWith } from "../assertions.ts";
import { day, desk, hour, minute, type VerificationProperty } from "./checks.ts";
import { conflict, duplicate, fresh, inBothOrders, orders, plainly, sellerAt } from "./fake-seller.ts";
import { gate, reached } from "./waiting.ts";

const refusing = { verify: async () => ({ ok: false, reason: "no longer good" }) as const };
/** A settle whose end is not known. */
const hangingUp = { settle: () => Promise.reject(new Error("connection reset")) };

export const wordProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12n",
    title: "payOnce: only the collector that the first claim bound gets what was paid for; all others get a conflict",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const alice = { collector: "alice" };
      for (const order of orders) {
        const served = sellerAt(at, order, `served, ${order}`);
        const doubtful = sellerAt(at, order, `doubtful, ${order}`);
        const strangers = async (seller: typeof served, when: string) => {
          // Told at once; a caller that is taken for the payer would wait for as long as a lease.
          for (const other of [{ collector: "mallory" }, {}]) {
            assert.deepEqual(await seller.pay(store, {}, other, { leaseMs: 400 }), conflict, `${order}, ${when}`);
          }
        };
        const [started, goesOn] = [gate(), gate()];
        const serve = async () => {
          started.open();
          await goesOn.opened;
          return "the goods";
        };
        const first = served.pay(store, { serve }, alice);
        await reached(started.opened, first);
        await strangers(served, "while it is served");
        goesOn.open();
        assert.deepEqual(await first, fresh, order);
        await strangers(served, "delivered");
        assert.deepEqual(await served.pay(store, {}, alice), duplicate, order);
        assert.equal((await doubtful.pay(store, hangingUp, alice)).status, "pending", order);
        await strangers(doubtful, "in doubt");
        await store.settle(doubtful.record, { receipt: "tx 1" });
        await strangers(doubtful, "settled, not delivered");
        assert.deepEqual(await doubtful.pay(store, {}, alice), fresh, order);
        // Refused, so given back; its receipt comes all the same, from an operator, say, without names.
        const late = sellerAt(at, order, `late, ${order}`);
        const refused = { settle: async () => ({ ok: false, reason: "no funds" }) as const };
        assert.equal((await late.pay(store, refused, alice)).status, "rejected", order);
        await store.settle(late.record, { receipt: "tx 1" });
        await strangers(late, "settled late");
        assert.deepEqual(await late.pay(store, {}, { ...alice, fingerprint: "purchase 2" }), conflict, order);
        assert.deepEqual(await late.pay(store, {}, alice), fresh, order);
      }
    },
  },
  {
    id: "verifications/12o",
    title: "payOnce: what was kept ends when it was asked to, and the payment is remembered without it",
    async run(bench) {
      await inBothOrders(bench, async (at, seller, order) => {
        const options = { keep: { ...plainly, forMs: minute } };
        assert.deepEqual(await seller.pay(at.store, {}, {}, options), fresh, order);
        await at.advance(minute - 1);
        assert.deepEqual(await seller.pay(at.store, {}, {}, options), duplicate, order);
        await at.advance(1);
        const unkept = { status: "paid", fresh: false, receipt: "tx 1" };
        assert.deepEqual(await seller.pay(at.store, {}, {}, options), unkept, order);
        assert.deepEqual([seller.count("serve"), seller.transfers()], [1, 1], order);
      });
    },
  },
  {
    id: "verifications/12p",
    title: "payOnce: the payload that was accepted is taken again, whatever verify would say of it by then",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      for (const order of orders) {
        const delivered = sellerAt(at, order, `delivered, ${order}`);
        const owed = sellerAt(at, order, `owed, ${order}`);
        const doubtful = sellerAt(at, order, `doubtful, ${order}`);
        assert.deepEqual(await delivered.pay(store), fresh, order);
        for (const seller of [owed, doubtful]) {
          assert.equal((await seller.pay(store, hangingUp)).status, "pending", order);
        }
        await store.settle(owed.record, { receipt: "tx 1" });
        await at.advance(hour * 12);
        assert.deepEqual(await delivered.pay(store, refusing), duplicate, order);
        assert.equal(delivered.count("verify"), 1, `${order}: verified again`);
        await at.advance(2 * day);
        assert.deepEqual(await owed.pay(store, refusing), fresh, `${order}: owed`);
        assert.equal((await doubtful.pay(store, refusing)).status, "pending", `${order}: in doubt`);
        doubtful.move();
        assert.deepEqual(await doubtful.pay(store, refusing), fresh, `${order}: found`);
      }
    },
  },
  {
    id: "verifications/12q",
    title: "payOnce: another payload of a settled or delivered payment is a conflict, whether verify takes it or not",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const verifiers = {
        accepted: {},
        refused: refusing,
        used: { verify: async () => ({ ok: false, reason: "nonce used", used: true }) as const },
      };
      for (const order of orders) {
        const delivered = sellerAt(at, order, `delivered, ${order}`);
        const owed = sellerAt(at, order, `owed, ${order}`);
        assert.deepEqual(await delivered.pay(store), fresh, order);
        assert.equal((await owed.pay(store, hangingUp)).status, "pending", order);
        await store.settle(owed.record, { receipt: "tx 1" });
        for (const [how, steps] of Object.entries(verifiers)) {
          for (const seller of [delivered, owed]) {
            const other = { payloadHash: `re-encoded, ${how}, ${seller.payment.payloadHash}` };
            assert.deepEqual(await seller.pay(store, steps, other), conflict, `${order}, ${how}`);
          }
        }
        assert.deepEqual(await owed.pay(store), fresh, `${order}: the payer's own`);
        assert.deepEqual([owed.count("serve"), delivered.transfers()], [1, 1], order);
      }
    },
  },
  {
    id: "verifications/12r",
    title: "payOnce: the same payment for something else is a conflict, and so is the same payload under another key",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, seller, order) => {
        assert.deepEqual(await seller.pay(store), fresh, order);
        const elsewhere = { fingerprint: "purchase 2" };
        const reEncoded = { ...elsewhere, payloadHash: `re-encoded by ${order}` };
        assert.deepEqual(await seller.pay(store, {}, elsewhere), conflict, `${order}: another route`);
        assert.deepEqual(await seller.pay(store, {}, reEncoded), conflict, `${order}: another route, another payload`);
        const otherKey = { key: `another key by ${order}` };
        assert.deepEqual(await seller.pay(store, {}, otherKey), conflict, `${order}: another key`);
        assert.deepEqual([seller.count("serve"), seller.transfers()], [1, 1], order);
      });
    },
  },
  {
    id: "verifications/12s",
    title: "payOnce: a forged payload with the payer's nonce neither blocks nor spoils the payer",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, seller, order) => {
        const refuse = { verify: async () => ({ ok: false, reason: "bad signature" }) as const };
        const forged = { payloadHash: `forged by ${order}` };
        const rejected = { status: "rejected", reason: "bad signature" };
        assert.deepEqual(await seller.pay(store, refuse, forged), rejected, order);
        const [started, goesOn] = [gate(), gate()];
        const slowly = async () => {
          started.open();
          await goesOn.opened;
          return refuse.verify();
        };
        const slow = seller.pay(store, { verify: slowly }, { payloadHash: `slow, forged by ${order}` });
        await reached(started.opened, slow);
        const [early, paid, late] = await Promise.all([
          seller.pay(store, refuse, forged),
          seller.pay(store),
          seller.pay(store, refuse, forged),
        ]);
        assert.deepEqual(paid, fresh, order);
        goesOn.open();
        // While the payer's own payment is being made no caller is told that it is refused. Once it is made, no caller may pay again.
        for (const { status } of [early, late]) assert.ok(["pending", "conflict", "rejected"].includes(status), status);
        assert.deepEqual(await slow, conflict, `${order}: verified while the payer paid`);
        assert.deepEqual(await seller.pay(store, refuse, { payloadHash: `forged later by ${order}` }), conflict);
        assert.deepEqual(await seller.pay(store), duplicate, order);
        assert.deepEqual([seller.count("serve"), seller.transfers()], [1, 1], order);
      });
    },
  },
  {
    id: "verifications/12t",
    title:
      "payOnce: used is a conflict, later is pending and remembered nowhere, an unclear answer of verify is thrown",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, seller, order) => {
        const used = { verify: async () => ({ ok: false, reason: "nonce used", used: true }) as const };
        const spent = { key: `used by ${order}`, payloadHash: `used by ${order}` };
        for (const time of ["told", "remembered"]) {
          assert.deepEqual(await seller.pay(store, used, spent), conflict, `${order}, ${time}`);
        }
        const later = { verify: async () => ({ later: true, retryAfterMs: 2_500 }) as const };
        for (let times = 1; times <= 2; times += 1) {
          assert.deepEqual(await seller.pay(store, later), { status: "pending", retryAfterMs: 2_500 }, order);
        }
        const unclear = { verify: async () => JSON.parse('{ "ok": "false" }') };
        const thrown = await failureOf(`${order}, an unclear answer`, () => seller.pay(store, unclear));
        assert.match(String(thrown), /verify must answer/, order);
        assert.deepEqual(
          seller.log.filter((step) => step !== "verify"),
          [],
          `${order}: nothing else ran`,
        );
        assert.deepEqual(await seller.pay(store), fresh, order);
      });
    },
  },
  {
    id: "verifications/12ak",
    title: "payOnce: a name that is empty or no string, and a lease above an hour, are refused before anything runs",
    async run(bench) {
      await inBothOrders(bench, async (at, seller, order) => {
        const { store } = at;
        const bad: readonly unknown[] = ["", 7, null, {}];
        for (const name of ["key", "payloadHash", "fingerprint", "collector", "reference"] as const) {
          const required = name !== "collector" && name !== "reference";
          for (const value of required ? [...bad, undefined] : bad) {
            const what = `${order}, ${name}: ${typeof value}`;
            const payment = { ...seller.payment, ...Object.fromEntries([[name, value]]) };
            await rejectsWith("STORE_INVALID_ARGUMENT", what, () => seller.pay(store, {}, payment));
            if (name === "collector" || name === "reference" || (name === "key" && value === undefined)) continue;
            const verify = async () => ({ ok: true }) as const;
            await rejectsWith("STORE_INVALID_ARGUMENT", `verifyOnce, ${what}`, () =>
              verifyOnce(store, payment, verify),
            );
          }
        }
        for (const tooLongMs of [hour + 1, 8 * day, 2 ** 31, Number.POSITIVE_INFINITY, 0, -1, 0.5]) {
          await rejectsWith("STORE_INVALID_ARGUMENT", `${order}, a lease of ${tooLongMs} ms`, () =>
            seller.pay(store, {}, {}, { leaseMs: tooLongMs }),
          );
        }
        assert.deepEqual(seller.log, [], order);
        for (const payment of [{ payload: "" }, { payload: "p", collector: "" }]) {
          await rejectsWith("STORE_INVALID_ARGUMENT", "a claim", () => at.pay(seller.record, "payer", { payment }));
        }
        await rejectsWith("STORE_INVALID_ARGUMENT", "a receipt", () => store.settle(seller.record, { receipt: "" }));
        assert.deepEqual(await store.peek(seller.record), { status: "absent" }, `${order}: something was stored`);
        assert.deepEqual(await seller.pay(store, {}, {}, { leaseMs: hour }), fresh, `${order}: an hour is taken`);
      });
    },
  },
];
