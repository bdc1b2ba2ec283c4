// The façade verifyOnce: one exact payload is verified once, on however many instances, and everyone gets the answer.
import { randomUUID } from "node:crypto";
import type { CallOptions } from "../call-options.ts";
import { isStoreError, StoreError } from "../errors.ts";
import { abortable } from "../store-runtime.ts";
import { keepLease, withinLease } from "./lease-keeper.ts";
import type { Claim, Lease, VerificationStore } from "./verification-store.ts";
import { completeWhileHeld } from "./while-held.ts";

/** What a step of the work is given. */
export interface StepContext {
  /** Aborts when the lease is lost or the step's time is over. */
  signal: AbortSignal;
  /** Pass it to whatever can check it. */
  fence: string;
}

/** Verifies a payment payload. A rejection must be deterministic; throw where it could be otherwise next time. */
export type Verify = (context: StepContext) => Promise<{ ok: true } | { ok: false; reason: string }>;

export interface VerifyOnceOptions extends CallOptions {
  /** Renewed at a third while `verify` runs; `verify` has three of them to answer. Default 10,000. */
  leaseMs?: number | undefined;
  /** How long an acceptance is remembered, ten minutes at least. Default: the store's defaults.valueTtlMs. */
  valueTtlMs?: number | undefined;
  /** How long to wait for somebody else's verification. Default 10,000. */
  waitMs?: number | undefined;
}

export const DEFAULT_LEASE_MS = 10_000;
/** How many leases a remote step (verify, settle, findSettlement) has to answer. */
export const STEP_LEASES = 3;
/** How long a rejection is remembered: long enough to answer a burst, short enough that a mended cause shows. */
const REJECTION_TTL_MS = 10_000;
const MAX_REASON_LENGTH = 1_000;
const POLL_MS = 250;

/** What became of a verification that all instances share. */
export type SharedVerification =
  | { status: "accepted"; ran: boolean }
  | { status: "rejected"; reason: string; ran: boolean }
  /** The same payload was presented for something else. */
  | { status: "mismatch" }
  /** Somebody else was still at it when waitMs was over. */
  | { status: "pending"; retryAfterMs: number };

/**
 * Verifies one exact payload once across instances. Waiters learn the result; a rejection is remembered for ten seconds,
 * then forgotten. What `verify` throws is thrown to the caller who ran it, and the next waiter runs its own. An aborted
 * caller leaves a running verification to those who wait for it. A result is recorded through a short outage of the
 * store, as long as the lease may still be held.
 *
 * Throws STORE_UNAVAILABLE when somebody else did not finish within `waitMs`.
 */
export async function verifyOnce(
  store: VerificationStore,
  payment: { payloadHash: string; fingerprint: string },
  verify: Verify,
  options: VerifyOnceOptions = {},
): Promise<{ ok: true; ran: boolean } | { ok: false; reason: string; ran: boolean }> {
  const shared = await verifyShared(store, payment, verify, options);
  switch (shared.status) {
    case "accepted":
      return { ok: true, ran: shared.ran };
    case "rejected":
      return { ok: false, reason: shared.reason, ran: shared.ran };
    case "mismatch":
      return { ok: false, reason: "This payload was presented for something else.", ran: false };
    case "pending":
      throw new StoreError("STORE_UNAVAILABLE", "Another instance is still verifying this; retry, or raise waitMs.");
  }
}

/** `verifyOnce`, with everything there is to know. */
export async function verifyShared(
  store: VerificationStore,
  payment: { payloadHash: string; fingerprint: string },
  verify: Verify,
  options: VerifyOnceOptions,
): Promise<SharedVerification> {
  options.signal?.throwIfAborted();
  return abortable(verifyFlight(store, payment, verify, options), options.signal);
}

/** Claims or waits until there is a result. Not cut short by an abort while it holds the lease: others wait for it. */
async function verifyFlight(
  store: VerificationStore,
  payment: { payloadHash: string; fingerprint: string },
  verify: Verify,
  { signal, leaseMs = DEFAULT_LEASE_MS, valueTtlMs, waitMs = DEFAULT_LEASE_MS }: VerifyOnceOptions,
): Promise<SharedVerification> {
  const key = `v:${payment.payloadHash}`;
  const patience = performance.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const { claim, sentAt } = await claimOrResume(store, key, {
      // One of its own each time: a lease that was lost here may still be live in the store.
      token: randomUUID(),
      fingerprint: payment.fingerprint,
      leaseMs,
      onLeaseExpiry: "retry",
      // In the past, so raised to the shortest retention; a longer-lived value extends it.
      retainUntilMs: 0,
    });
    switch (claim.status) {
      case "claimed": {
        const done = await runVerify(store, key, claim.lease, verify, { leaseMs, valueTtlMs, sentAt });
        if (done !== "lost") return done;
        break;
      }
      case "done":
        if (claim.outcome === "accepted") return { status: "accepted", ran: false };
        return { status: "rejected", reason: claim.value, ran: false };
      case "spent":
        return { status: "accepted", ran: false };
      case "mismatch":
        return { status: "mismatch" };
      case "unknown":
        return { status: "pending", retryAfterMs: leaseMs };
      case "in-progress":
        if (performance.now() >= patience) return { status: "pending", retryAfterMs: claim.retryAfterMs };
        await waitFor(store, key, claim.retryAfterMs, patience, signal);
    }
  }
}

/** Waits for a hint, at most until the next poll, the other's lease end or the end of patience. */
export async function waitFor(
  store: VerificationStore,
  key: string,
  retryAfterMs: number,
  patience: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const left = patience - performance.now();
  const timeoutMs = Math.max(1, Math.ceil(Math.min(POLL_MS, retryAfterMs, left)));
  await store.wait(key, { timeoutMs, signal });
}

/** Claims; after an answer that got lost once more with the same token, which gives the owner its lease back. */
export async function claimOrResume(
  store: VerificationStore,
  key: string,
  request: Parameters<VerificationStore["claim"]>[1],
): Promise<{ claim: Claim; sentAt: number }> {
  const sentAt = performance.now();
  try {
    return { claim: await store.claim(key, request), sentAt };
  } catch (error) {
    if (!isStoreError(error, "STORE_UNAVAILABLE") || error.outcome !== "unknown") throw error;
    // A resumed lease tells what is left of it, a new one is counted from now: sentAt is right for both.
    const resentAt = performance.now();
    return { claim: await store.claim(key, request), sentAt: resentAt };
  }
}

async function runVerify(
  store: VerificationStore,
  key: string,
  lease: Lease,
  verify: Verify,
  { leaseMs, valueTtlMs, sentAt }: { leaseMs: number; valueTtlMs: number | undefined; sentAt: number },
): Promise<SharedVerification | "lost"> {
  const keeper = keepLease(store, key, lease, leaseMs, sentAt);
  try {
    const result = await withinLease([keeper.signal], STEP_LEASES * leaseMs, (signal) =>
      verify({ signal, fence: lease.fence }),
    );
    const reason = result.ok ? "" : String(result.reason).toWellFormed().slice(0, MAX_REASON_LENGTH).toWellFormed();
    const completion = {
      outcome: result.ok ? "accepted" : "rejected",
      value: reason,
      valueTtlMs: result.ok ? valueTtlMs : Math.min(REJECTION_TTL_MS, valueTtlMs ?? REJECTION_TTL_MS),
      retainUntilMs: 0,
    } as const;
    // A result that is not recorded would be asked for again: worth waiting for a store that is away for a moment.
    const patience = performance.now() + STEP_LEASES * leaseMs;
    const until = () => Math.min(patience, keeper.deadline());
    if ((await completeWhileHeld(store, key, lease, completion, until)) === "lost") return "lost";
    return result.ok ? { status: "accepted", ran: true } : { status: "rejected", reason, ran: true };
  } catch (error) {
    if (keeper.signal.aborted) return "lost";
    // Nothing has moved: free it for the next, as well as the store lets us; the lease's end does the rest.
    await store.release(key, lease).catch(() => undefined);
    throw error;
  } finally {
    keeper.stop();
  }
}
