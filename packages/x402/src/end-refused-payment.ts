// Ends a payment whose settlement was refused, where its route asks for other terms by now.
import { randomUUID } from "node:crypto";
import type { Payment, VerificationStore } from "@tollbooth-stores/core";
import { paymentRecord } from "@tollbooth-stores/core/native";
import { OTHER_TERMS } from "./refuse-copies.ts";

/**
 * True once the payment is ended for good, so that its payer may be told to pay anew. It takes the payment's lease for that: then no
 * attempt is at work, nothing is in doubt, and a copy at an instance that still asks for the earlier terms moves no money any more.
 * False, and as before, where no settlement of it was refused: a copy may have been accepted, and be about to take the lease.
 */
export async function endRefusedPayment(
  store: VerificationStore,
  { key, payloadHash, fingerprint, collector, validUntilMs }: Payment,
  leaseMs: number,
): Promise<boolean> {
  const name = paymentRecord(key);
  const claim = await store.claim(name, {
    token: randomUUID(),
    fingerprint,
    leaseMs,
    onLeaseExpiry: "retry",
    retainUntilMs: validUntilMs,
    payment: { payload: payloadHash, collector },
  });
  // Of an owed payment claim gives the lease to deliver under.
  if ((claim.status !== "claimed" && claim.status !== "settled") || claim.lease === undefined) return false;
  if (claim.status === "claimed" && claim.refusals !== undefined) {
    return (await store.expire(name, { lease: claim.lease, reason: OTHER_TERMS })).status === "ok";
  }
  await store.release(name, claim.lease);
  return false;
}
