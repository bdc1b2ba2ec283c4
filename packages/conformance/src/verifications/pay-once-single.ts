// Verifications 12a-12d: payOnce over the store under test makes one verification, one result, one settlement, one "fresh".
import assert from "node:assert/strict";
import { resolvePayment } from "@tollbooth-stores/core";
import { atOnce } from "../assertions.ts";
import { desk, leaseMs, type VerificationProperty } from "./checks.ts";
import { duplicate, fresh, freshAmong, inBothOrders, orders, sellerAt } from "./fake-seller.ts";
import { sellerIn } from "./faulty-processes.ts";
import { gate, reached } from "./waiting.ts";

export const singleProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12a",
    title:
      "payOnce: one verify, one serve, one settle, in the order asked for; one caller is fresh, the rest get what was kept",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, seller, order) => {
        const { opened, open } = gate();
        const serve = async () => {
          await opened;
          return "the goods";
        };
        const paying = atOnce(20, () => seller.pay(store, { serve }));
        setTimeout(open, 5);
        const answers = await paying;
        assert.deepEqual(freshAmong(answers), [fresh], order);
        assert.equal(answers.filter((answer) => answer.status === "paid" && !answer.fresh).length, 19, order);
        for (const answer of answers) {
          assert.deepEqual(answer, answer.status === "paid" && answer.fresh ? fresh : duplicate, order);
        }
        const expected = order === "serve-then-settle" ? ["verify", "serve", "settle"] : ["verify", "settle", "serve"];
        assert.deepEqual(seller.log, expected, "each step once");
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
        const seller = sellerAt(here, order);
        const rounds = await Promise.all([here, there].map(({ store }) => atOnce(8, () => seller.pay(store))));
        assert.deepEqual(freshAmong(rounds.flat()), [fresh], order);
        assert.deepEqual([seller.count("verify"), seller.count("serve"), seller.transfers()], [1, 1, 1], order);
      }
    },
  },
  {
    id: "verifications/12c",
    title: "payOnce: of many who present a settled, undelivered payment one is fresh, the rest get what was kept",
    async run(bench) {
      await inBothOrders(bench, async ({ store }, seller, order) => {
        const { payment } = seller;
        assert.deepEqual(await resolvePayment(store, { key: payment.key }, { receipt: "tx 1" }), { status: "ok" });
        // The others come while the first one is being served.
        const { opened, open } = gate();
        const serve = async () => {
          await opened;
          return "the goods";
        };
        const paying = atOnce(10, () => seller.pay(store, { serve }));
        setTimeout(open, 50);
        const answers = await paying;
        assert.deepEqual(freshAmong(answers), [fresh], order);
        for (const answer of answers) {
          assert.deepEqual(answer, answer.status === "paid" && answer.fresh ? fresh : duplicate, order);
        }
        assert.deepEqual([seller.count("serve"), seller.count("settle")], [1, 0], `${order}: it was paid for before`);
      });
    },
  },
  {
    id: "verifications/12d",
    title: "payOnce: a process that stood still while serving settles and delivers nothing that another has",
    async run(bench) {
      const at = await desk(bench);
      for (const situation of ["new", "in doubt", "owed"] as const) {
        const seller = await sellerIn(at, { order: "serve-then-settle", situation }, situation);
        const [started, wakes] = [gate(), gate()];
        const serve = async () => {
          started.open();
          await wakes.opened;
          return "the goods";
        };
        // Owed goods are served anew where nothing was kept.
        const unkept = { keep: undefined };
        const sleeper = seller.pay(at.store, { serve }, {}, unkept);
        await reached(started.opened, sleeper);
        await at.advance(leaseMs);
        assert.deepEqual(await seller.pay(at.store), fresh, `${situation}: the lease is over, and another takes over`);
        wakes.open();
        const { kept: _, ...told } = duplicate;
        assert.deepEqual(await sleeper, told, situation);
        assert.equal(seller.transfers(), 1, situation);
      }
    },
  },
];
