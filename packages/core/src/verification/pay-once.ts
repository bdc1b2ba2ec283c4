// The façade payOnce: one payment is verified once, served once and settled once, on however many instances.
import { randomUUID } from "node:crypto";
import type { CallOptions } from "../call-options.ts";
import { requireInstantMs } from "../durations.ts";
import { invalidArgument } from "../errors.ts";
import { abortable } from "../store-runtime.ts";
import { keepLease } from "./lease-keeper.ts";
import type { Paid } from "./paid.ts";
import { type Attempt, pending, runPayment, settleUnknown } from "./pay-attempt.ts";
import type { Payment, PaymentSteps } from "./payment.ts";
import { readReceipt } from "./receipt.ts";
import { RETENTION_CEILING_MS, RETENTION_FLOOR_MS } from "./verification-record.ts";
import type { VerificationStore } from "./verification-store.ts";
import { claimOrResume, DEFAULT_LEASE_MS, verifyShared, waitFor } from "./verify-once.ts";

export interface PayOnceOptions<R> extends CallOptions {
  /**
   * Default "serve-then-settle": nobody pays for what could not be made. "settle-then-serve": nothing is made that was
   * not paid for; a crash in between is made up for by serving the next caller who presents the payment.
   */
  order?: "serve-then-settle" | "settle-then-serve" | undefined;
  /** Milliseconds, renewed at a third. Default 10,000. A duplicate waits as long for the first one's result. */
  leaseMs?: number | undefined;
  /** What to keep of the result for duplicates. Left out if it makes the record larger than the store's maxValueBytes. */
  serialize?: ((result: R) => string) | undefined;
}

/**
 * Takes a payment through verify, serve and settle exactly once across instances, and tells everyone else what became of
 * it. Fails closed: where the store does not answer it throws STORE_UNAVAILABLE (503), and whether money moved is never
 * guessed: a settle that throws or times out is remembered as unknown, and `findSettlement` decides before anyone settles
 * again. Aborting `signal` ends the caller's wait; before the settlement it also ends the attempt, afterwards it does not.
 */
export async function payOnce<R>(
  store: VerificationStore,
  payment: Payment,
  steps: PaymentSteps<R>,
  options: PayOnceOptions<R> = {},
): Promise<Paid<R>> {
  options.signal?.throwIfAborted();
  return abortable(payFlight(store, payment, steps, options), options.signal);
}

/** How often one call takes a payment up again after its lease was lost or an earlier attempt was undone. */
const MAX_ATTEMPTS = 5;
const HOUR_MS = 3_600_000;
/** How long after its validity an accepted payload is still known to have been accepted: no verifier accepts it again. */
const ACCEPTED_FOR_MS = 12 * HOUR_MS;
/** How long after its validity a payment is remembered: longer than the acceptance, so that none is taken for a new one. */
const REMEMBERED_FOR_MS = 24 * HOUR_MS;

async function payFlight<R>(
  store: VerificationStore,
  payment: Payment,
  steps: PaymentSteps<R>,
  options: PayOnceOptions<R>,
): Promise<Paid<R>> {
  const { signal, leaseMs = DEFAULT_LEASE_MS, order = "serve-then-settle", serialize } = options;
  if (order !== "serve-then-settle" && order !== "settle-then-serve") {
    throw invalidArgument('order must be "serve-then-settle" or "settle-then-serve".');
  }
  const validUntilMs = requireInstantMs(payment.validUntilMs, "payment.validUntilMs");
  const validForMs = Math.max(0, validUntilMs - Date.now());
  // Near the ceiling, validity itself is what is asked for: the store refuses what is beyond. The acceptance ends before it.
  const rememberable = validForMs + REMEMBERED_FOR_MS + HOUR_MS < RETENTION_CEILING_MS;
  const retainUntilMs = rememberable ? validUntilMs + REMEMBERED_FOR_MS : validUntilMs;
  const acceptedForMs = Math.min(validForMs + (rememberable ? ACCEPTED_FOR_MS : -HOUR_MS), RETENTION_CEILING_MS);

  const key = `p:${payment.key}`;
  const begunAt = performance.now();
  // Verified by its exact payload: a forged one spoils only its own record, never the payer's.
  const sharing = { signal, leaseMs, waitMs: leaseMs, valueTtlMs: acceptedForMs };
  const verified = await verifyShared(store, payment, steps.verify, sharing);
  if (verified.status === "mismatch") return { status: "conflict" };
  if (verified.status === "pending") return verified;
  if (verified.status === "rejected") {
    // A payment whose outcome is in doubt is not refused, whatever a verifier thinks of it by now: 402 would ask for another.
    // One that is being made may come to be so any moment; one whose lease ended before the settlement never will.
    const found = await store.peek(key);
    const inDoubt = found.status === "unknown" || (found.status === "in-progress" && found.retryAfterMs > 0);
    return inDoubt ? pending() : { status: "rejected", reason: verified.reason };
  }

  const patience = performance.now() + leaseMs;
  const attemptWith = (lease: Attempt<R>["lease"], sentAt: number, verifiedNow: boolean): Attempt<R> => ({
    ...{ store, key, lease, payment, steps, order, leaseMs, signal, serialize, verifiedNow, acceptedForMs },
    keeper: keepLease(store, key, lease, leaseMs, sentAt),
  });
  for (let attempts = 0, first = true; ; first = false) {
    // Whoever slept for as long as a record may be kept cannot tell a fresh payment from a forgotten one any more.
    const overslept = performance.now() - begunAt > RETENTION_FLOOR_MS;
    if (attempts === MAX_ATTEMPTS || overslept) return pending();
    signal?.throwIfAborted();
    // A token of its own each time: a lease once given up may still be live in the store, with money on its way, and
    // must never be taken for a new one.
    const { claim, sentAt } = await claimOrResume(store, key, {
      token: randomUUID(),
      fingerprint: payment.fingerprint,
      leaseMs,
      onLeaseExpiry: "retry",
      retainUntilMs,
    });
    switch (claim.status) {
      case "claimed": {
        const paid = await runPayment(attemptWith(claim.lease, sentAt, verified.ran && first));
        if (paid !== "again") return paid;
        attempts += 1;
        break;
      }
      case "done":
        if (claim.outcome === "rejected") return { status: "rejected", reason: claim.value };
        return { status: "paid", fresh: false, ...readReceipt(claim.value) };
      case "spent":
      case "mismatch":
        return { status: "conflict" };
      case "unknown": {
        const reconcileSentAt = performance.now();
        const found = await store.reconcile(key, { token: randomUUID(), leaseMs });
        if (found.status !== "claimed") break;
        const paid = await settleUnknown(attemptWith(found.lease, reconcileSentAt, false), claim.evidence);
        if (paid !== "again") return paid;
        attempts += 1;
        break;
      }
      case "in-progress":
        if (performance.now() >= patience) return { status: "pending", retryAfterMs: Math.max(1, claim.retryAfterMs) };
        await waitFor(store, key, claim.retryAfterMs, patience, signal);
        break;
    }
  }
}
