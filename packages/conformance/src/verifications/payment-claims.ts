// Verifications 2 and 4, of payments: whose a payment is, and who delivers one that is owed.
import assert from "node:assert/strict";
import type { PaymentClaim } from "@tollbooth-stores/core";
import { atOnce } from "../assertions.ts";
import { desk, leaseIn, leaseMs, lostTo, ok, owedWith, type VerificationProperty } from "./checks.ts";

export const paymentClaimProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/2b",
    title:
      "a payment is for the collector of its first claim, and once it is settled for its payload, and for no other",
    async run(bench) {
      const at = await desk(bench);
      const mine = { payment: { payload: "payload 1", collector: "the payer's" } };
      const others: Record<string, { payment: PaymentClaim }> = {
        "another collector": { payment: { payload: "payload 1", collector: "a stranger's" } },
        "no collector": { payment: { payload: "payload 1" } },
      };
      const refused = async (state: string, by: typeof others) => {
        for (const [other, asked] of Object.entries(by)) {
          for (const token of ["payer", "stranger"]) {
            assert.deepEqual(await at.pay(state, token, asked), { status: "mismatch" }, `${state}: ${other}`);
          }
        }
        assert.deepEqual(await at.claim(state, "payer"), { status: "mismatch" }, `${state}: no payment`);
      };
      const lease = await at.holdPayment("in progress", "payer", mine);
      await refused("in progress", others);
      const second = { payment: { payload: "payload 2", collector: "the payer's" } };
      assert.equal((await at.pay("in progress", "stranger", second)).status, "in-progress", "not settled yet");
      await at.store.settle("in progress", { receipt: "tx 1", lease });
      const settled = { ...others, "another payload": second };
      await refused("in progress", settled);
      await at.owe("owed", mine);
      await refused("owed", settled);
      await at.owe("delivered", mine);
      await at.store.deliver("delivered", { token: "delivery 1" });
      await refused("delivered", settled);
      assert.deepEqual(await at.pay("delivered", "payer", mine), {
        ...{ status: "delivered", receipt: "tx 1" },
        kept: "goods",
      });
      await at.store.expire("expired", { reason: "void", lease: await at.holdPayment("expired", "payer", mine) });
      await refused("expired", others);
      // What it was priced by is kept with the payload, and shuts no one out.
      const priced = { payment: { ...mine.payment, pricedBy: "plan 7" } };
      await at.owe("priced", priced);
      const seen = await at.store.peek("priced");
      assert.deepEqual([seen.pricedBy, seen.payload?.length], ["plan 7", 43]);
      await refused("priced", settled);
      assert.equal((await at.pay("priced", "payer", mine)).status, "settled", "shut out by what it was priced by");
      assert.equal((await at.store.peek("priced")).pricedBy, "plan 7", "what it was priced by is lost");
      // What was bound without a collector is not bound by a later one: that would shut its payer out.
      await at.owe("open");
      const late = await at.holdPayment("open", "stranger", mine);
      await at.store.release("open", late);
      assert.equal((await at.pay("open", "payer")).status, "settled", "its payer is shut out");
    },
  },
  {
    id: "verifications/4c",
    title: "a payment that is owed is claimed by one at a time, with its receipt, a lease, and what was kept",
    async run(bench) {
      const at = await desk(bench);
      await at.owe("key");
      const claims = await atOnce(10, (index) => at.pay("key", `token ${index}`));
      const winners = claims.filter(({ status }) => status === "settled");
      assert.equal(winners.length, 1, "two deliver one payment");
      const lease = leaseIn(winners[0] ?? assert.fail());
      assert.deepEqual(winners, [{ ...owedWith("goods"), lease: { ...lease, ttlMs: leaseMs, attempt: 2 } }]);
      for (const claim of claims) {
        if (claim.status !== "settled") assert.deepEqual(claim, { status: "in-progress", retryAfterMs: leaseMs });
      }
      await at.advance(leaseMs - 1);
      const again = await at.pay("key", lease.token);
      assert.deepEqual(again, { ...owedWith("goods"), lease: { ...lease, ttlMs: 1 } }, "the same token again");
      await at.advance(1);
      const next = await at.pay("key", "next");
      assert.deepEqual(next, { ...owedWith("goods"), lease: { ...leaseIn(next), ttlMs: leaseMs, attempt: 3 } });
      assert.ok(BigInt(leaseIn(next).fence) > BigInt(lease.fence));
      assert.deepEqual(
        await at.store.renew("key", lease, leaseMs),
        lostTo("in-progress"),
        "the one before has lost it",
      );
      assert.deepEqual(await at.store.renew("key", leaseIn(next), 2 * leaseMs), ok, "its holder goes on");
      const settling = { onLeaseExpiry: "unknown" } as const;
      assert.deepEqual(
        await at.store.renew("key", leaseIn(next), leaseMs, settling),
        lostTo("settled"),
        "a second time",
      );
    },
  },
];
