// Verifications 12u-12y, 12aj and 12al: what payOnce does where it cannot be known whether money moved, and how that ends.
import assert from "node:assert/strict";
import type { PaymentSteps } from "@tollbooth-stores/core";
import { failureOf } from "../assertions.ts";
import { desk, leaseMs, type VerificationProperty } from "./checks.ts";
import { conflict, duplicate, fresh, inBothOrders, orders, sellerAt } from "./fake-seller.ts";
import { losingNotes } from "./faulty-processes.ts";
import { gate, reached } from "./waiting.ts";

type Steps = PaymentSteps<string>;

const refused = { settle: async () => ({ ok: false, reason: "insufficient funds" }) as const };
const rejected = { status: "rejected", reason: "insufficient funds" } as const;
const usedBefore = { ok: false, reason: "nonce used", used: true } as const;
/** Settled before, as the ledger says. */
const used = { settle: async () => usedBefore };

/** What says neither that it moved nor that it never will. */
const unclearlyFound: readonly Steps["findSettlement"][] = [
  () => Promise.reject(new Error("connection reset")),
  ...["{}", "null", '"none"', '{ "none": "no" }', '{ "receipt": "" }', '{ "receipt": "tx 1", "none": "void" }'].map(
    (answer) => async () => JSON.parse(answer),
  ),
];

export const doubtProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12u",
    title: "payOnce: a refusal is believed only after findSettlement was asked; where it says used, unknown is doubt",
    async run(bench) {
      const at = await desk(bench);
      for (const order of orders) {
        const moved = sellerAt(at, order, `moved, ${order}`);
        moved.move();
        assert.deepEqual(await moved.pay(at.store, refused), fresh, `${order}: an earlier attempt had moved it`);
        assert.deepEqual([moved.count("findSettlement"), moved.transfers()], [1, 1], order);
        const unmoved = sellerAt(at, order, `unmoved, ${order}`);
        assert.deepEqual(await unmoved.pay(at.store, refused), rejected, order);
        assert.equal(unmoved.count("findSettlement"), 1, order);
        // A client that repeats a request inside one settle: the first one moved the money, the second is told so.
        const repeating = sellerAt(at, order, `repeating, ${order}`);
        const repeat = async () => {
          repeating.move();
          return usedBefore;
        };
        assert.deepEqual(
          await repeating.pay(at.store, { settle: repeat }),
          fresh,
          `${order}: repeated inside one settle`,
        );
        assert.deepEqual([repeating.count("settle"), repeating.transfers()], [1, 1], order);
        const open = sellerAt(at, order, `open, ${order}`);
        assert.equal((await open.pay(at.store, used)).status, "pending", `${order}: used, and not found`);
        assert.equal((await open.pay(at.store)).status, "pending", `${order}: in doubt until it is found`);
        assert.equal(open.count("settle"), 1, `${order}: settled again`);
        open.move();
        assert.deepEqual(await open.pay(at.store), fresh, order);
      }
      // The record is lost, as after FLUSHALL: the ledger has taken the payment, and says so.
      const forgetful = await desk(bench);
      for (const order of orders) {
        const words = { refused, used, "used, says verify": { verify: async () => usedBefore } };
        for (const [word, steps] of Object.entries(words)) {
          const title = `lost, ${word}, ${order}`;
          const lost = sellerAt(at, order, title);
          assert.deepEqual(await lost.pay(at.store), fresh, title);
          const told = await lost.pay(forgetful.store, steps);
          assert.deepEqual(
            told,
            word === "used, says verify" ? conflict : fresh,
            `${title}: 402 makes a payer pay again`,
          );
          assert.equal(lost.transfers(), 1, title);
        }
      }
    },
  },
  {
    id: "verifications/12aj",
    title:
      "payOnce: a refusal is told only where the payment is free again, not where another has settled it meanwhile",
    async run(bench) {
      await inBothOrders(bench, async (at, seller, order) => {
        const [started, wakes] = [gate(), gate()];
        const settle = async () => {
          started.open();
          await wakes.opened;
          return refused.settle();
        };
        // To this one the ledger does not tell yet what another has settled.
        const sleeper = seller.pay(at.store, { settle, findSettlement: async () => "unknown" });
        await reached(started.opened, sleeper);
        await at.advance(leaseMs);
        assert.deepEqual(await seller.pay(at.store, { findSettlement: seller.findOrSettle }), fresh, order);
        wakes.open();
        assert.deepEqual(await sleeper, duplicate, order);
        assert.equal(seller.transfers(), 1, order);
      });
    },
  },
  {
    id: "verifications/12v",
    title: "payOnce: a refusal frees the payment, which is then verified anew; so does a throw before anything moved",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, seller, order) => {
        // A payment that is not free again keeps the next caller waiting for as long as a lease.
        const brief = { leaseMs: 400 };
        assert.deepEqual(await seller.pay(store, refused, {}, brief), rejected, order);
        assert.equal(seller.count("verify"), 1, order);
        if (order === "serve-then-settle") {
          const failing = { serve: () => Promise.reject(new Error("the kitchen burns")) };
          assert.match(String(await failureOf("serve", () => seller.pay(store, failing, {}, brief))), /kitchen/);
          assert.equal(seller.count("settle"), 1, "nothing is settled that was not served");
        }
        assert.deepEqual(await seller.pay(store, {}, {}, brief), fresh, order);
        assert.equal(seller.count("verify"), 2, `${order}: verified anew, once`);
        assert.equal(seller.transfers(), 1, order);
      });
    },
  },
  {
    id: "verifications/12w",
    title: "payOnce: a settle that throws or is unclear is doubt until it is found, by its evidence and its reference",
    async run(bench) {
      const at = await desk(bench);
      const unclear: Readonly<Record<string, Steps["settle"]>> = {
        throws: async ({ note }) => {
          await note("tx sent");
          throw new Error("connection reset");
        },
        "answers unclearly": async ({ note }) => {
          await note("tx sent");
          return JSON.parse('{ "ok": true, "receipt": "" }');
        },
      };
      for (const [how, settle] of Object.entries(unclear)) {
        for (const order of orders) {
          const title = `${how}, ${order}`;
          const seller = sellerAt(at, order, title);
          assert.equal((await seller.pay(at.store, { settle })).status, "pending", title);
          const seen: unknown[] = [];
          const findSettlement: Steps["findSettlement"] = async (evidence, { reference }) => {
            seen.push({ evidence, reference });
            return seller.transfers() === 0 ? "unknown" : { receipt: "tx 1" };
          };
          // The reference of the attempt that died is kept; the caller that asks again need not know it.
          const ask = () => seller.pay(at.store, { findSettlement }, { reference: undefined });
          for (let times = 1; times <= 2; times += 1) assert.equal((await ask()).status, "pending", title);
          for (const unclearly of unclearlyFound) {
            assert.equal((await seller.pay(at.store, { findSettlement: unclearly })).status, "pending", title);
          }
          assert.equal(seller.count("settle"), 1, `${title}: settled again in doubt`);
          seller.move();
          assert.deepEqual(await ask(), fresh, title);
          const known = { evidence: "tx sent", reference: `reference ${title}` };
          assert.deepEqual(seen, [known, known, known], title);
          assert.deepEqual([seller.count("settle"), seller.transfers()], [1, 1], title);
        }
      }
    },
  },
  {
    id: "verifications/12x",
    title:
      "payOnce: none ends a payment: rejected, and never settled again; a receipt that comes all the same is honoured",
    async run(bench) {
      const at = await desk(bench);
      for (const order of orders) {
        for (const none of ["expired", "void"] as const) {
          const title = `${none}, ${order}`;
          const seller = sellerAt(at, order, title);
          const ending = { findSettlement: async () => ({ none }) };
          await seller.pay(at.store, { settle: () => Promise.reject(new Error("connection reset")) });
          assert.deepEqual(await seller.pay(at.store, ending), { status: "rejected", reason: none }, title);
          const refusedForGood = sellerAt(at, order, `refused, ${title}`);
          assert.deepEqual(await refusedForGood.pay(at.store, { ...refused, ...ending }), rejected, title);
          await at.advance(leaseMs);
          for (const ended of [seller, refusedForGood]) {
            const { payloadHash } = ended.payment;
            for (const other of [{}, { payloadHash: `another ${payloadHash}` }]) {
              assert.equal((await ended.pay(at.store, {}, other)).status, "rejected", `${title}: again`);
            }
            assert.deepEqual([ended.count("settle"), ended.transfers()], [1, 0], `${title}: settled after its end`);
          }
          const late = await at.store.settle(seller.record, { receipt: "tx 1" });
          assert.ok(late.status === "settled" && late.wasExpired === true, `${title}: an alarm`);
          assert.deepEqual(await seller.pay(at.store), fresh, `${title}: its receipt came`);
        }
      }
    },
  },
  {
    id: "verifications/12y",
    title: "payOnce: settle's note rejects where the lease is lost, so that a process that stood still moves no money",
    async run(bench) {
      await inBothOrders(bench, async (at, seller, order) => {
        const [started, wakes] = [gate(), gate()];
        let noted: unknown = "never";
        const settle: Steps["settle"] = async ({ note }) => {
          started.open();
          await wakes.opened;
          noted = await note("tx sent").catch((error: unknown) => error);
          if (noted !== undefined) throw noted;
          return { ok: true, receipt: seller.move() };
        };
        const sleeper = seller.pay(at.store, { settle });
        await reached(started.opened, sleeper);
        await at.advance(leaseMs);
        const found = { findSettlement: seller.findOrSettle };
        assert.deepEqual(await seller.pay(at.store, found), fresh, order);
        wakes.open();
        const answer = await sleeper;
        assert.ok(noted instanceof Error, `${order}: the note was taken`);
        assert.equal(seller.transfers(), 1, order);
        assert.ok(answer.status === "pending" || answer.status === "paid", order);
        assert.notDeepEqual(answer, fresh, order);
        assert.deepEqual(await seller.pay(at.store), duplicate, order);
        assert.deepEqual(await seller.pay(at.store, {}, { fingerprint: "purchase 2" }), conflict, order);
      });
    },
  },
  {
    id: "verifications/12al",
    title: "payOnce: a note that the store did not take is sent again, and the last one is what the doubt is left with",
    async run(bench) {
      const at = await desk(bench);
      for (const order of orders) {
        for (const when of ["before", "after"] as const) {
          const title = `${order}, lost ${when} it took effect`;
          const seller = sellerAt(at, order, title);
          const seen: unknown[] = [];
          const settle: Steps["settle"] = async ({ note }) => {
            await note("tx built");
            await note("tx sent");
            throw new Error("connection reset");
          };
          const findSettlement: Steps["findSettlement"] = async (evidence) => {
            seen.push(evidence);
            return "unknown";
          };
          const through = losingNotes(at.store, 2, when);
          assert.equal((await seller.pay(through, { settle, findSettlement })).status, "pending", title);
          assert.equal((await seller.pay(at.store, { findSettlement })).status, "pending", title);
          assert.deepEqual(new Set(seen), new Set(["tx sent"]), `${title}: what findSettlement was handed`);
          const [item] = [await at.store.peek(seller.record)];
          assert.ok(item.status === "unknown" && item.evidence === "tx sent", title);
        }
      }
    },
  },
];
