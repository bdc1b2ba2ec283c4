// Refuses a payment on other terms than its route's for all of its copies, before its payer is told to pay anew.
import { type CallOptions, type Payment, type VerificationStore, verifyOnce } from "@tollbooth-stores/core";
import { firstVerification } from "@tollbooth-stores/core/native";
import { isEnded, lastVerificationOf, verificationOf } from "./payment-record.ts";

/** What the SDK says of a payment on other terms. */
export const OTHER_TERMS = "No matching payment requirements";

/** A refusal is told only while its rejection, of ten seconds, lasts for so long. So copies within the first second hear the same. */
const LEFT_MS = 9_000;
/** A store whose records end between any two looks says nothing that could be relied on. */
const MOST_LOOKS = 5;

export type Refusal =
  /** No instance accepts a copy for nine seconds at least. */
  | { readonly status: "refused" }
  /** A rejection stands that is over in `retryAfterMs`. A copy may be accepted then, so no payer is told now to pay anew. */
  | { readonly status: "nearly-over"; readonly retryAfterMs: number }
  /** It was rejected because it had been settled before. */
  | { readonly status: "used" }
  /** A copy is being verified or was accepted, and may be charged. Nothing has changed. */
  | { readonly status: "open" };

/**
 * Records the refusal as a verification, of which a payload has one at a time: while it is remembered, no copy that had been found on
 * its route's terms is accepted. A rejection is remembered for ten seconds, which cannot be prolonged. Throws STORE_UNAVAILABLE where a
 * verification takes longer than a lease.
 */
export async function refuseCopies(
  store: VerificationStore,
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
  { leaseMs, signal }: CallOptions & { leaseMs: number },
): Promise<Refusal> {
  const refuse = async () => ({ ok: false, reason: OTHER_TERMS }) as const;
  let hasWaited = false;
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const found = await verificationOf(store, payment);
    switch (found.status) {
      case "accepted":
        return { status: "open" };
      case "running":
        if (hasWaited) return { status: "open" };
        // Perhaps that copy is being refused, too, which takes no time.
        await store.wait(firstVerification(payment), { signal });
        hasWaited = true;
        break;
      case "rejected":
        if (found.used) return { status: "used" };
        if (found.expiresInMs >= LEFT_MS) return { status: "refused" };
        return { status: "nearly-over", retryAfterMs: found.expiresInMs };
      case "absent": {
        const verified = await verifyOnce(store, payment, refuse, { leaseMs, waitMs: leaseMs, signal });
        if (verified.ok) return { status: "open" };
        if (verified.ran) return { status: "refused" };
      }
    }
  }
  return { status: "open" };
}

/**
 * In how many milliseconds a refusal is over that this call or an earlier one had recorded, where that is too soon to tell it. Undefined
 * where it may be told: no copy is accepted for nine seconds at least.
 */
export async function nearlyOverIn(
  store: VerificationStore,
  payment: Pick<Payment, "key" | "payloadHash" | "fingerprint">,
): Promise<number | undefined> {
  if (await isEnded(store, payment.key)) return undefined;
  const found = await lastVerificationOf(store, payment);
  if (found.status !== "rejected") return 1_000;
  return found.expiresInMs >= LEFT_MS ? undefined : found.expiresInMs;
}
