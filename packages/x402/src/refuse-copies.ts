// Refuses a payment on other terms than its route's for all of its copies, before its payer is told to pay anew.
import { type CallOptions, type Payment, type VerificationStore, verifyOnce } from "@tollbooth-stores/core";
import { firstVerification } from "@tollbooth-stores/core/native";
import { verificationOf } from "./payment-record.ts";

/** What the SDK says of a payment on other terms. */
export const OTHER_TERMS = "No matching payment requirements";

/**
 * True once the store remembers the refusal: for ten seconds no instance accepts a copy that it had found on its route's terms. It is
 * recorded as a verification, of which a payload has one at a time. False, and as before, where a copy is being verified or was
 * accepted: that one may be charged. Throws STORE_UNAVAILABLE where such a verification takes longer than a lease.
 */
export async function refuseCopies(
  store: VerificationStore,
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
  { leaseMs, signal }: CallOptions & { leaseMs: number },
): Promise<boolean> {
  let found = await verificationOf(store, payment);
  if (found === "running") {
    // Perhaps that copy is being refused, too, which takes no time.
    await store.wait(firstVerification(payment), { signal });
    found = await verificationOf(store, payment);
  }
  if (found !== "none") return false;
  const refuse = async () => ({ ok: false, reason: OTHER_TERMS }) as const;
  const verified = await verifyOnce(store, payment, refuse, { leaseMs, waitMs: leaseMs, signal });
  if (verified.ok) return false;
  // Not by this call: it was rejected by another one, or was presented for another purchase, and may be accepted there.
  return verified.ran || (await verificationOf(store, payment)) === "none";
}
