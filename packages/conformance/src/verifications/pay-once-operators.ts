// Verifications 12ad-12ag: payments whose makers died, or that hang: found and ended by operators.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  type PaymentName,
  type PaymentSteps,
  paymentChannel,
  reconcileUnresolved,
  resolvePayment,
  type Unresolved,
  type VerificationStore,
} from "@tollbooth-stores/core";
import { type Desk, desk, hour, leaseMs, lostTo, ok, type VerificationProperty } from "./checks.ts";
import { duplicate, type FakeSeller, fresh, orders, sellerAt } from "./fake-seller.ts";
import { mortal } from "./faulty-processes.ts";
import { gate, reached } from "./waiting.ts";

type Settle = PaymentSteps<string>["settle"];

/** A process is killed in settle, after it noted its evidence; `moved` says whether the money had moved by then. */
async function killed(store: VerificationStore, seller: FakeSeller, moved: boolean): Promise<void> {
  const process = mortal(store);
  const settle: Settle = async ({ note }) => {
    await note(`evidence: ${seller.payment.reference}`);
    if (moved) seller.move();
    return process.die();
  };
  await seller.pay(process.store, { settle }).catch(() => undefined);
}

async function listed(store: VerificationStore): Promise<Unresolved[]> {
  const found: Unresolved[] = [];
  for await (const item of store.unresolved()) found.push(item);
  return found.sort((one, other) => ((one.reference ?? "") < (other.reference ?? "") ? -1 : 1));
}

/** A payment whose maker died while it settled, and whose lease is over. */
async function doubtful(at: Desk, order: (typeof orders)[number], name: string): Promise<FakeSeller> {
  const seller = sellerAt(at, order, name);
  await killed(at.store, seller, false);
  await at.advance(leaseMs);
  return seller;
}

/** By its key, and by the handle that the list tells of it. */
const names: Readonly<Record<string, (at: Desk, seller: FakeSeller) => Promise<PaymentName>>> = {
  key: async (_, { payment }) => ({ key: payment.key }),
  async handle({ store }, { payment }) {
    const { handle } = (await listed(store)).find(({ reference }) => reference === payment.reference) ?? assert.fail();
    return { handle };
  },
};

export const operatorProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12ad",
    title: "payOnce: what is in doubt, owed, or served for an hour is listed, without what was kept",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const [dead, owed, slow, well] = ["1 dead", "2 owed", "3 slow", "4 well"].map((name) =>
        sellerAt(at, "serve-then-settle", name),
      );
      assert.ok(dead !== undefined && owed !== undefined && slow !== undefined && well !== undefined);
      const told: string[] = [];
      const listen = (message: unknown) => {
        if (typeof message === "object" && message !== null && "handle" in message) told.push(String(message.handle));
      };
      subscribe(paymentChannel, listen);
      try {
        await killed(store, dead, true);
        await killed(store, owed, true);
        assert.deepEqual(await well.pay(store), fresh);
        await store.settle(slow.record, { receipt: "tx 1" });
        assert.deepEqual(
          await listed(store).then((all) => all.map(({ kind }) => kind)),
          ["owed"],
          "nothing is over yet",
        );
        await at.advance(leaseMs);
        await store.settle(owed.record, { receipt: "tx 1" });
        // Served for longer than an hour by a holder whose lease goes on.
        await at.advance(hour);
        const [started, goesOn] = [gate(), gate()];
        const serve = async () => {
          started.open();
          await goesOn.opened;
          return "the goods";
        };
        const serving = slow.pay(store, { serve });
        await reached(started.opened, serving);
        const all = await listed(store);
        const kinds = Object.fromEntries(all.map((item) => [item.reference ?? "no reference", item]));
        assert.equal(all.length, 3, "the one that went well is not listed");
        for (const [seller, kind] of [[dead, "in-doubt"] as const, [owed, "owed"] as const]) {
          const item = kinds[seller.payment.reference ?? ""];
          assert.equal(item?.kind, kind);
          assert.equal(item?.attempt, 1);
          if (kind === "in-doubt") assert.equal(item?.evidence, `evidence: ${seller.payment.reference}`);
          assert.ok(Number.isSafeInteger(item?.atMs) && (item?.atMs ?? 0) <= at.nowMs());
        }
        assert.ok(
          all.some(({ kind }) => kind === "held"),
          "what is served for an hour",
        );
        assert.doesNotMatch(
          JSON.stringify(all),
          /the goods|payment \d|payload|tx 1"/,
          "what was kept, a key, a receipt",
        );
        assert.equal((await dead.pay(store, { findSettlement: async () => "unknown" })).status, "pending");
        assert.ok(
          told.includes(kinds[dead.payment.reference ?? ""]?.handle ?? "none"),
          "telemetry tells the same handle",
        );
        goesOn.open();
        assert.deepEqual(await serving, fresh);
      } finally {
        unsubscribe(paymentChannel, listen);
      }
    },
  },
  {
    id: "verifications/12ae",
    title: "payOnce: a payment in doubt or owed is ended by key or by handle: with a receipt, with none, as delivered",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      for (const order of orders) {
        for (const [by, nameOf] of Object.entries(names)) {
          const title = `by ${by}, ${order}`;
          const settled = await doubtful(at, order, `settled ${title}`);
          const settledName = await nameOf(at, settled);
          assert.deepEqual(await resolvePayment(store, settledName, { delivered: true }), lostTo("unknown"), title);
          for (let times = 1; times <= 2; times += 1) {
            assert.deepEqual(await resolvePayment(store, settledName, { receipt: "tx 1" }), ok, title);
          }
          assert.equal((await resolvePayment(store, settledName, { none: "expired" })).status, "lost", title);
          assert.deepEqual(await settled.pay(store), fresh, title);
          const given = await doubtful(at, order, `given ${title}`);
          const givenName = await nameOf(at, given);
          assert.deepEqual(await resolvePayment(store, givenName, { receipt: "tx 1" }), ok, title);
          assert.deepEqual(await resolvePayment(store, givenName, { delivered: true }), ok, title);
          const kept = order === "serve-then-settle" ? duplicate : { ...fresh, fresh: false };
          const answer = await given.pay(store);
          assert.ok(answer.status === "paid" && !answer.fresh && answer.receipt === "tx 1", title);
          assert.equal(answer.kept, kept.fresh === false && "kept" in kept ? kept.kept : undefined, title);
          const ended = await doubtful(at, order, `ended ${title}`);
          const endedName = await nameOf(at, ended);
          assert.deepEqual(await resolvePayment(store, endedName, { none: "the chain shows nothing" }), ok, title);
          assert.deepEqual(await ended.pay(store), { status: "rejected", reason: "the chain shows nothing" }, title);
        }
      }
      assert.deepEqual(await listed(store), [], "nothing is left to do");
    },
  },
  {
    id: "verifications/12af",
    title: "payOnce: none is refused while an attempt is alive, and the attempt goes on to its settlement",
    async run(bench) {
      const at = await desk(bench);
      for (const order of orders) {
        const seller = sellerAt(at, order);
        const [started, goesOn] = [gate(), gate()];
        const settle = async () => {
          started.open();
          await goesOn.opened;
          return { ok: true, receipt: seller.move() } as const;
        };
        const paying = seller.pay(at.store, { settle });
        await reached(started.opened, paying);
        const { key } = seller.payment;
        assert.equal((await resolvePayment(at.store, { key }, { none: "expired" })).status, "lost", order);
        goesOn.open();
        assert.deepEqual(await paying, fresh, order);
        assert.equal((await resolvePayment(at.store, { key }, { none: "expired" })).status, "lost", order);
        assert.deepEqual(await seller.pay(at.store), duplicate, order);
      }
    },
  },
  {
    id: "verifications/12ag",
    title: "payOnce: reconcileUnresolved ends what is in doubt by its reference and evidence alone",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      for (const order of orders) {
        const moved = sellerAt(at, order, `moved ${order}`);
        const void_ = sellerAt(at, order, `void ${order}`);
        const open = sellerAt(at, order, `open ${order}`);
        await Promise.all([killed(store, moved, true), killed(store, void_, false), killed(store, open, false)]);
        await at.advance(leaseMs);
        const ledger = new Map([moved, void_].map((seller) => [seller.payment.reference, seller]));
        const seen: (string | undefined)[] = [];
        const find = async (evidence: string | undefined, { reference }: { reference?: string | undefined }) => {
          seen.push(evidence);
          const seller = ledger.get(reference);
          if (seller === undefined) return "unknown" as const;
          return seller.transfers() > 0 ? { receipt: "tx 1" } : ({ none: "void" } as const);
        };
        const none = { settled: 0, expired: 0, inDoubt: 0, owed: 0, failed: 0 };
        assert.deepEqual(
          await reconcileUnresolved(store, find),
          { ...none, settled: 1, expired: 1, inDoubt: 1 },
          order,
        );
        const evidence = [moved, void_, open].map(({ payment }) => `evidence: ${payment.reference}`);
        assert.deepEqual(seen.sort(), evidence.sort(), order);
        const failing = () => Promise.reject(new Error("the chain is away"));
        assert.deepEqual(await reconcileUnresolved(store, failing), { ...none, owed: 1, failed: 1 }, order);
        assert.deepEqual(await moved.pay(store), fresh, order);
        assert.deepEqual(await void_.pay(store), { status: "rejected", reason: "void" }, order);
        assert.equal((await open.pay(store)).status, "pending", order);
        open.move();
        assert.deepEqual(await open.pay(store), fresh, order);
        assert.deepEqual(await reconcileUnresolved(store, find), none, `${order}: nothing is left`);
      }
    },
  },
];
