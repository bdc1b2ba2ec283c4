// How often a payment in doubt is asked about: its payer may send it as often as it likes.
import { randomUUID } from "node:crypto";
import type { VerificationStore } from "@tollbooth-stores/core";

/** A buyer waits for this long after a 503. */
const SELDOM_MS = 1_000;

/**
 * True for one caller in a second, over all instances: its lease is never given back. True also where the store fails: a full Redis takes
 * no new record, and still finishes what it knows. Asking is safe at any time; this only makes it seldom.
 */
export async function isTurnToAsk(store: VerificationStore, paymentKey: string): Promise<boolean> {
  const asked = {
    token: randomUUID(),
    fingerprint: paymentKey,
    leaseMs: SELDOM_MS,
    onLeaseExpiry: "retry",
    // In the past: the store raises it to the shortest retention that it has.
    retainUntilMs: 0,
  } as const;
  const claim = await store.claim(`ask:${paymentKey}`, asked).catch(() => undefined);
  return claim === undefined || claim.status === "claimed";
}
