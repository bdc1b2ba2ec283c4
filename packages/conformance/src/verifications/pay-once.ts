// Verifications 12: the façade payOnce over the store under test.
import assert from "node:assert/strict";
import type { Paid } from "@tollbooth-stores/core";
import { atOnce } from "../assertions.ts";
import { desk, leaseMs, type VerificationProperty } from "./checks.ts";
import { inBothOrders, orders, shopAt } from "./shop.ts";
import { gate } from "./verify-once.ts";

const fresh = { status: "paid", fresh: true, receipt: "tx 1", result: "the goods" };

export const payOnceProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12a",
    title: "payOnce: one caller is fresh; one verify, one serve, one settle, in the order asked for",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, shop, order) => {
        const { opened, open } = gate();
        const serve = async () => {
          await opened;
          return "the goods";
        };
        const paid = atOnce(20, () => shop.pay(store, { serve }, {}, { serialize: (result) => `kept: ${result}` }));
        setTimeout(open, 5);
        const answers = await paid;
        const isFresh = (answer: Paid<string>): boolean => answer.status === "paid" && answer.fresh;
        assert.deepEqual(answers.filter(isFresh), [fresh], order);
        for (const answer of answers.filter((other) => !isFresh(other))) {
          assert.deepEqual(answer, { status: "paid", fresh: false, receipt: "tx 1", stored: "kept: the goods" }, order);
        }
        const expected = order === "serve-then-settle" ? ["verify", "serve", "settle"] : ["verify", "settle", "serve"];
        assert.deepEqual(shop.log, expected, "each step once");
      });
    },
  },
  {
    id: "verifications/12b",
    title: "payOnce: one payment over two instances is served and settled once",
    needs: ["instances"],
    async run(bench) {
      const namespace = bench.namespace();
      const [here, there] = [await desk(bench, namespace), await desk(bench, namespace)];
      for (const order of orders) {
        const shop = shopAt(here, order);
        const rounds = await Promise.all([here, there].map(({ store }) => atOnce(8, () => shop.pay(store))));
        assert.equal(rounds.flat().filter((answer) => answer.status === "paid" && answer.fresh).length, 1, order);
        assert.deepEqual(["verify", "serve", "settle"].map(shop.count), [1, 1, 1], order);
      }
    },
  },
  {
    id: "verifications/12c",
    title: "payOnce: a forged payload with the payer's nonce neither blocks nor spoils the payer",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, shop, order) => {
        const forged = { payloadHash: `forged by ${order}` };
        const refuse = { verify: async () => ({ ok: false, reason: "bad signature" }) as const };
        const rejected = { status: "rejected", reason: "bad signature" };
        assert.deepEqual(await shop.pay(store, refuse, forged), rejected);
        const [early, paid, late] = await Promise.all([
          shop.pay(store, refuse, forged),
          shop.pay(store),
          shop.pay(store, refuse, forged),
        ]);
        assert.deepEqual(paid, fresh, order);
        // While the payer's own payment is being made, nobody is told that it is refused.
        for (const answer of [early, late]) if (answer.status !== "pending") assert.deepEqual(answer, rejected, order);
        assert.deepEqual(await shop.pay(store, refuse, { payloadHash: `forged later by ${order}` }), rejected);
        assert.deepEqual([shop.count("serve"), shop.count("settle")], [1, 1]);
      });
    },
  },
  {
    id: "verifications/12d",
    title: "payOnce: a thrown settle is unknown, and no second one runs until findSettlement says none",
    async run(bench) {
      await inBothOrders(bench, async (at, shop, order) => {
        const { store } = at;
        const broken = {
          async settle({ note }: { note(evidence: string): Promise<void> }): Promise<never> {
            await note("tx sent");
            throw new Error("connection reset");
          },
        };
        assert.equal((await shop.pay(store, broken)).status, "pending", order);
        const seen: (string | undefined)[] = [];
        const asked = (found: "unknown" | "none") => ({
          findSettlement: async (evidence: string | undefined) => {
            seen.push(evidence);
            return found;
          },
        });
        for (let times = 0; times < 3; times += 1)
          assert.equal((await shop.pay(store, asked("unknown"))).status, "pending", order);
        assert.equal(shop.count("settle"), 1, "settled again although nobody knew");
        assert.deepEqual(seen, ["tx sent", "tx sent", "tx sent"], "the evidence is kept");
        assert.deepEqual(await shop.pay(store, asked("none")), fresh, order);
        assert.equal(shop.count("settle"), 2);
      });
    },
  },
  {
    id: "verifications/12e",
    title: "payOnce: a settle that times out or dies is unknown, and a settlement that is found is not made again",
    async run(bench) {
      await inBothOrders(bench, async (at, shop, order) => {
        const { store } = at;
        const hanging = { settle: () => new Promise<never>(() => {}) };
        const hung = { key: `hung ${order}`, payloadHash: `hung ${order}` };
        assert.equal((await shop.pay(store, hanging, hung, { leaseMs: 250 })).status, "pending", `${order}: timed out`);
        // A process that died while settling leaves a lease whose end means unknown.
        await at.hold(`p:died ${order}`, "dead", { fingerprint: "purchase 1", onLeaseExpiry: "unknown" });
        await at.advance(leaseMs);
        const died = { key: `died ${order}`, payloadHash: `died ${order}` };
        const find = { findSettlement: async () => ({ receipt: "tx found" }) };
        for (const which of [hung, died]) {
          const settles = shop.count("settle");
          const answers = await atOnce(6, () => shop.pay(store, find, which));
          for (const answer of answers) assert.ok(answer.status === "paid" && answer.receipt === "tx found", order);
          const served = answers.filter((answer) => answer.status === "paid" && answer.fresh).length;
          // Served before it was settled, or owed still.
          assert.equal(served, order === "serve-then-settle" ? 0 : 1, order);
          assert.equal(shop.count("settle"), settles, `${order}: settled a second time`);
        }
      });
    },
  },
  {
    id: "verifications/12f",
    title: "payOnce: a definite refusal frees the payment, and so does a throw before anything moved",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, shop, order) => {
        // A payment that is not free again keeps the next one waiting for a lease.
        const brief = { leaseMs: 400 };
        const refused = { settle: async () => ({ ok: false, reason: "insufficient funds" }) as const };
        assert.deepEqual(await shop.pay(store, refused, {}, brief), {
          status: "rejected",
          reason: "insufficient funds",
        });
        if (order === "serve-then-settle") {
          const failing = { serve: () => Promise.reject(new Error("the kitchen burns")) };
          await assert.rejects(shop.pay(store, failing, {}, brief), /kitchen/);
          assert.equal(shop.count("settle"), 1, "nothing is settled that was not served");
        }
        assert.deepEqual(await shop.pay(store, {}, {}, brief), fresh, order);
      });
    },
  },
  {
    id: "verifications/12g",
    title: "payOnce: a duplicate gets what was stored, the same payment for something else a conflict",
    async run(bench) {
      await inBothOrders(bench, async (at, shop, order) => {
        const { store } = at;
        assert.deepEqual(await shop.pay(store, {}, {}, { serialize: (result) => result.toUpperCase() }), fresh);
        const again = await shop.pay(store);
        assert.deepEqual(again, { status: "paid", fresh: false, receipt: "tx 1", stored: "THE GOODS" }, order);
        const elsewhere = { payloadHash: `re-encoded by ${order}`, fingerprint: "purchase 2" };
        assert.deepEqual(
          await shop.pay(store, {}, elsewhere),
          { status: "conflict" },
          "another route, a re-encoded payload",
        );
        assert.deepEqual(
          await shop.pay(store, {}, { fingerprint: "purchase 2" }),
          { status: "conflict" },
          "another route",
        );
        assert.deepEqual([shop.count("serve"), shop.count("settle")], [1, 1], order);
      });
    },
  },
  {
    id: "verifications/12h",
    title: "payOnce: losing the lease while serving ends in one settlement",
    async run(bench) {
      const at = await desk(bench);
      const shop = shopAt(at, "serve-then-settle");
      const started = gate();
      let serves = 0;
      const serve = async ({ signal }: { signal: AbortSignal }) => {
        serves += 1;
        if (serves > 1) return "the goods";
        started.open();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        throw signal.reason;
      };
      const first = shop.pay(at.store, { serve }, {}, { leaseMs: 150 });
      await started.opened;
      await at.advance(151);
      const second = shop.pay(at.store, { serve }, {}, { leaseMs: 150 });
      const answers = await Promise.all([first, second]);
      assert.equal(answers.filter((answer) => answer.status === "paid" && answer.fresh).length, 1);
      assert.equal(shop.count("settle"), 1);
    },
  },
];
