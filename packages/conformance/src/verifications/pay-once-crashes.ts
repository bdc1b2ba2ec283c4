// Verifications 12e-12h and 12ah: paid means delivered, whatever dies, and whatever reply is lost.
import assert from "node:assert/strict";
import { isStoreError, type Paid, type PaymentSteps } from "@tollbooth-stores/core";
import { type Desk, desk, leaseMs, type VerificationProperty } from "./checks.ts";
import { duplicate, type FakeSeller, fresh, freshAmong, orders, sellerAt } from "./fake-seller.ts";
import {
  allMomentsOf,
  away,
  intercepted,
  losing,
  type Mortal,
  momentsOf,
  mortal,
  sellerIn,
  titleOf,
} from "./faulty-processes.ts";
import { gate, over, reached, soon } from "./waiting.ts";

type Steps = Partial<PaymentSteps<string>>;

/** A first attempt at a payment, in which something goes wrong. */
interface Attempt {
  readonly title: string;
  readonly seller: FakeSeller;
  pay(seller: FakeSeller): Promise<Paid<string>>;
}

/** Deaths within a step of the seller's. */
const inSteps: Readonly<Record<string, (seller: FakeSeller, process: Mortal) => Steps>> = {
  "in verify": (_, { die }) => ({ verify: async () => die() }),
  "in serve": (_, { die }) => ({ serve: async () => die() }),
  "in settle, before the money moved": (_, { die }) => ({ settle: async () => die() }),
  "in settle, after the money moved": ({ move }, { die }) => ({
    async settle() {
      move();
      return die();
    },
  }),
  "in findSettlement": ({ move }, { die }) => ({
    async settle() {
      move();
      return { ok: false, reason: "nonce used" };
    },
    findSettlement: async () => die(),
  }),
};

/** A death at every moment of a payment. */
async function deaths(at: Desk): Promise<Attempt[]> {
  const atCalls = (await allMomentsOf(at)).map(async (moment, index) => ({
    title: titleOf(moment),
    seller: await sellerIn(at, moment, `dead ${index}`),
    pay: (seller: FakeSeller) => seller.pay(mortal(at.store, moment).store),
  }));
  const atSteps = orders.flatMap((order) =>
    Object.entries(inSteps).map(([where, stepsOf]) => ({
      title: `${order}, ${where}`,
      seller: sellerAt(at, order, `dead ${order} ${where}`),
      pay(seller: FakeSeller) {
        const process = mortal(at.store);
        return seller.pay(process.store, stepsOf(seller, process));
      },
    })),
  );
  return [...(await Promise.all(atCalls)), ...atSteps];
}

/** Presents the payment where all is well; findSettlement moves the money where it has not moved. */
const payAgain = (at: Desk, { pay, findOrSettle }: FakeSeller) => pay(at.store, { findSettlement: findOrSettle });

export const crashProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12e",
    title: "payOnce: whenever a process dies, the next to present its payment gets the result: once, fresh, paid once",
    async run(bench) {
      const at = await desk(bench);
      const dead = await deaths(at);
      await Promise.all(dead.map(({ pay, seller }) => pay(seller).catch(() => undefined)));
      await at.advance(leaseMs);
      await Promise.all(
        dead.map(async ({ title, seller }) => {
          const told = (await at.store.peek(seller.record)).status === "delivered";
          // Recorded as delivered, and died before it was heard: the payer gets what was kept.
          assert.deepEqual(await payAgain(at, seller), told ? duplicate : fresh, title);
          assert.deepEqual(await payAgain(at, seller), duplicate, `${title}: a second time`);
          assert.equal(seller.transfers(), 1, title);
        }),
      );
    },
  },
  {
    id: "verifications/12f",
    title: "payOnce: what was kept before the settlement is delivered by the next process, and not made again",
    async run(bench) {
      const at = await desk(bench);
      const moments = (await momentsOf(at, "new")).filter(({ order }) => order === "serve-then-settle");
      const switched = moments.findIndex(({ name, when }) => name === "renew" && when === "after");
      assert.notEqual(switched, -1, "the lease is renewed for the settlement");
      const later = moments.slice(switched).map((moment, index) => ({
        moment,
        seller: sellerAt(at, moment.order, `kept ${index}`),
      }));
      await Promise.all(
        later.map(({ moment, seller }) => seller.pay(mortal(at.store, moment).store).catch(() => undefined)),
      );
      await at.advance(leaseMs);
      await Promise.all(
        later.map(async ({ moment, seller }) => {
          const answer = await payAgain(at, seller);
          assert.equal(answer.status, "paid", titleOf(moment));
          assert.equal(seller.count("serve"), 1, `${titleOf(moment)}: served again`);
        }),
      );
    },
  },
  {
    id: "verifications/12ah",
    title:
      "payOnce: settled first, a payment is recorded while its result is made: a death then needs no findSettlement",
    async run(bench) {
      const at = await desk(bench);
      const seller = sellerAt(at, "settle-then-serve");
      const process = mortal(at.store);
      const recorded = gate();
      const watched = intercepted(process.store, async ({ name }, run) => {
        const reply = await run();
        if (name === "settle") recorded.open();
        return reply;
      });
      const goesOn = gate();
      const serve = async () => {
        await goesOn.opened;
        return process.die();
      };
      const dying = seller.pay(watched, { serve });
      await soon(reached(recorded.opened, dying));
      goesOn.open();
      await over(dying);
      await at.advance(leaseMs);
      assert.deepEqual(await seller.pay(at.store, { findSettlement: async () => "unknown" }), fresh);
      assert.deepEqual([seller.count("settle"), seller.count("findSettlement")], [1, 0]);
    },
  },
  {
    id: "verifications/12g",
    title: "payOnce: whichever call or reply of the store is lost, one caller is fresh, and the payment is paid once",
    async run(bench) {
      const at = await desk(bench);
      const attempts = (await allMomentsOf(at)).map(async (moment, index) => {
        const seller = await sellerIn(at, moment, `lost ${index}`);
        const first = () => seller.pay(losing(at.store, moment), { findSettlement: seller.findOrSettle });
        return { title: titleOf(moment), seller, first };
      });
      await interruptedAndTakenUp(at, await Promise.all(attempts));
    },
  },
  {
    id: "verifications/12h",
    title:
      "payOnce: an outage at any moment, short or for good, loses no payment, and no payer is told that it was refused",
    async run(bench) {
      const at = await desk(bench);
      const moments = (await allMomentsOf(at)).filter(({ when }) => when === "before");
      // For good: what a process retries it gives up after a few leases, so that lease is short.
      const outages = [
        { calls: 2, options: {} },
        { calls: Number.POSITIVE_INFINITY, options: { leaseMs: 200 } },
      ];
      const attempts = outages.flatMap(({ calls, options }) =>
        moments.map(async (moment) => {
          const title = `${titleOf(moment)}, ${calls} calls`;
          const seller = await sellerIn(at, moment, title);
          const store = away(at.store, moment.index, calls);
          const first = () => seller.pay(store, { findSettlement: seller.findOrSettle }, {}, options);
          return { title, seller, first };
        }),
      );
      await interruptedAndTakenUp(at, await Promise.all(attempts));
    },
  },
];

/** A first attempt that lives on, and one that is well: between them one is fresh. A third is told of it. */
async function interruptedAndTakenUp(
  at: Desk,
  attempts: readonly { title: string; seller: FakeSeller; first(): Promise<Paid<string>> }[],
): Promise<void> {
  const firsts = await Promise.all(
    attempts.map(({ title, first }) =>
      first().catch((error: unknown) => {
        assert.ok(isStoreError(error, "STORE_UNAVAILABLE"), `${title}: the first caller is to ask again`);
        return undefined;
      }),
    ),
  );
  await at.advance(leaseMs);
  await Promise.all(
    attempts.map(async ({ title, seller }, index) => {
      const first = firsts[index];
      assert.ok(first === undefined || first.status === "paid" || first.status === "pending", title);
      const next = await payAgain(at, seller);
      assert.deepEqual(freshAmong([first, next]), [fresh], title);
      assert.deepEqual(await payAgain(at, seller), duplicate, `${title}: a third caller`);
      assert.equal(seller.transfers(), 1, title);
    }),
  );
}
