// Payloads that were accepted by their verifier and then refused at settlement: an acceptance from before says nothing any
// more, and nobody is served on the strength of it again.
import { randomUUID } from "node:crypto";
import type { VerificationStore } from "./verification-store.ts";

const keyOf = (payment: { payloadHash: string }) => `r:${payment.payloadHash}`;

/** Whether a settlement of this payload was refused while its acceptance is remembered. */
export async function wasRefused(store: VerificationStore, payment: { payloadHash: string }): Promise<boolean> {
  const { status } = await store.peek(keyOf(payment));
  return status !== "absent";
}

/** Best effort: without it the next attempt serves before it learns the same. */
export async function rememberRefusal(
  store: VerificationStore,
  payment: { payloadHash: string; fingerprint: string },
  forMs: number,
): Promise<void> {
  const { fingerprint } = payment;
  const request = {
    token: randomUUID(),
    fingerprint,
    leaseMs: 1_000,
    onLeaseExpiry: "retry",
    retainUntilMs: 0,
  } as const;
  try {
    const claim = await store.claim(keyOf(payment), request);
    if (claim.status !== "claimed") return;
    const result = { outcome: "accepted", value: "", valueTtlMs: forMs, retainUntilMs: 0 } as const;
    await store.complete(keyOf(payment), claim.lease, result);
  } catch {
    // The refusal itself stands; see above.
  }
}
