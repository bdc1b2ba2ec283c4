// Verifications 12i and 12ai: what was paid for is delivered to a caller who is still there.
import assert from "node:assert/strict";
import type { PaymentSteps } from "@tollbooth-stores/core";
import { type Desk, desk, leaseMs, type VerificationProperty } from "./checks.ts";
import { duplicate, type FakeSeller, fresh, type Options, orders, sellerAt } from "./fake-seller.ts";
import { allMomentsOf, interrupted, losing, sellerIn, titleOf } from "./faulty-processes.ts";
import { untilRecord } from "./waiting.ts";

type Steps = Partial<PaymentSteps<string>>;

/** A caller who aborts: `abort` is called at some moment, and `options` hold the signal. */
interface Abort {
  readonly title: string;
  readonly seller: FakeSeller;
  pay(abort: () => void, options: Options): Promise<unknown>;
}

const abortingSteps: Readonly<Record<string, (seller: FakeSeller, abort: () => void) => Steps>> = {
  "in verify": (_, abort) => ({
    async verify() {
      abort();
      return { ok: true };
    },
  }),
  "in serve": (_, abort) => ({
    async serve() {
      abort();
      return "the goods";
    },
  }),
  "in settle": ({ move }, abort) => ({
    async settle() {
      abort();
      return { ok: true, receipt: move() };
    },
  }),
};

/** Aborts at every moment of a payment, in all situations. */
async function abortsAt(at: Desk, faulty: typeof interrupted): Promise<Abort[]> {
  const moments = await allMomentsOf(at);
  return Promise.all(
    moments.map(async (moment, index) => {
      const seller = await sellerIn(at, moment, `aborted ${index}`);
      const pay: Abort["pay"] = (abort, options) => seller.pay(faulty(at.store, moment, abort), {}, {}, options);
      return { title: titleOf(moment), seller, pay };
    }),
  );
}

/** Aborts within a step of the seller's. */
function abortsInSteps(at: Desk): Abort[] {
  return orders.flatMap((order) =>
    Object.entries(abortingSteps).map(([where, stepsOf]) => {
      const seller = sellerAt(at, order, `aborted ${where}, ${order}`);
      const pay: Abort["pay"] = (abort, options) => seller.pay(at.store, stepsOf(seller, abort), {}, options);
      return { title: `${order}, ${where}`, seller, pay };
    }),
  );
}

/**
 * False where the caller was answered before the moment came: the verification is recorded beside the next call, and its reply
 * can be the last to come.
 */
async function leave({ title, pay }: Abort): Promise<boolean> {
  const leaving = new AbortController();
  const reason = new Error("the caller went away");
  const left = await pay(() => leaving.abort(reason), { signal: leaving.signal }).then(
    () => (leaving.signal.aborted ? "answered all the same" : "answered before"),
    (error: unknown) => error,
  );
  if (left === "answered before") return false;
  assert.equal(left, reason, title);
  return true;
}

/** Those who left: all but a few. */
async function whoLeave(aborts: readonly Abort[], then: (abort: Abort) => Promise<void>): Promise<Abort[]> {
  const left = await Promise.all(
    aborts.map(async (abort) => {
      if (!(await leave(abort))) return [];
      await then(abort);
      return [abort];
    }),
  );
  assert.ok(left.flat().length > aborts.length * 0.8, "Nearly every caller must leave before it is answered.");
  return left.flat();
}

async function presentAgain({ store }: Desk, { title, seller }: Abort): Promise<void> {
  assert.deepEqual(await seller.pay(store), fresh, title);
  assert.deepEqual(await seller.pay(store), duplicate, `${title}: a third caller`);
  assert.equal(seller.transfers(), 1, title);
}

export const abortProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/12i",
    title: "payOnce: an aborted caller is told only that; the next to present the payment gets it fresh, paid once",
    async run(bench) {
      const at = await desk(bench);
      const aborts = [...(await abortsAt(at, interrupted)), ...abortsInSteps(at)];
      await whoLeave(aborts, async (abort) => {
        // A delivery that was recorded as the caller left is taken back, and no lease is left behind.
        const over = (status: string) => status !== "delivered" && status !== "in-progress";
        await untilRecord(at.store, abort.seller.record, over);
        await presentAgain(at, abort);
      });
    },
  },
  {
    id: "verifications/12ai",
    title: "payOnce: a delivery whose reply is lost as its caller aborts is taken back, and goes to the next",
    async run(bench) {
      const at = await desk(bench);
      const aborts = await whoLeave(await abortsAt(at, losing), (abort) =>
        untilRecord(at.store, abort.seller.record, (status) => status !== "delivered"),
      );
      // A lease whose claim was lost has no holder, and runs out.
      await at.advance(leaseMs);
      await Promise.all(aborts.map((abort) => presentAgain(at, abort)));
    },
  },
];
