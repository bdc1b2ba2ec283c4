// How often a payment in doubt is asked about: its payer may send it as often as it likes.
import { randomUUID } from "node:crypto";
import type { VerificationStore } from "@tollbooth-stores/core";

/** A buyer waits for this long after a 503. */
const SELDOM_MS = 1_000;

/** True for one caller in a second, over all instances: its lease is never given back. */
export async function isTurnToAsk(store: VerificationStore, paymentKey: string): Promise<boolean> {
  const claim = await store.claim(`ask:${paymentKey}`, {
    token: randomUUID(),
    fingerprint: paymentKey,
    leaseMs: SELDOM_MS,
    onLeaseExpiry: "retry",
    // In the past, so the store raises it to the shortest retention.
    retainUntilMs: 0,
  });
  return claim.status === "claimed";
}
