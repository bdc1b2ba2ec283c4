// The façade verifyOnce: one exact payload is verified once, on however many instances, and every caller gets the
// answer.
import type { CallOptions } from "../call-options.ts";
import { StoreError } from "../errors.ts";
import { sharedRecordOf, verifyShared } from "./shared-verification.ts";
import { requireFacadeLease, requireName } from "./verification-arguments.ts";
import type { VerificationStore } from "./verification-store.ts";
import type { Verify } from "./verify.ts";

export interface VerifyOnceOptions extends CallOptions {
  /**
   * Milliseconds, renewed at a third while `verify` runs. `verify` has three leases to answer. At most 3,600,000.
   * Default 10,000.
   */
  leaseMs?: number | undefined;
  /**
   * How long an acceptance is remembered, in milliseconds; ten minutes at least. Default: the store's
   * defaults.valueTtlMs.
   */
  valueTtlMs?: number | undefined;
  /** How long to wait for another caller's verification, in milliseconds. Default 10,000. */
  waitMs?: number | undefined;
}

/** The outcome of a verification. `ran`: this caller's `verify` ran. */
export type Verification =
  | { ok: true; ran: boolean; value?: string }
  | { ok: false; reason: string; ran: boolean; used?: true };

export const DEFAULT_LEASE_MS = 10_000;

/**
 * Verifies one exact payload once across instances. Waiting callers get the same result. A rejection is remembered for
 * ten seconds. What `verify` throws goes to the caller that ran it, and the next waiting caller runs its own. An abort
 * ends the caller's wait, not a running verification: other callers may wait for it. A result is recorded through a
 * short outage of the store, as long as the lease may still be held.
 *
 * With `key` (the payment's) it shares the verification that payOnce makes of that payload for that payment: the first
 * to come runs it. A payload that was presented for another fingerprint or key is not verified: `ok: false`. A replay
 * of the same payload gets the first answer while that is remembered, whatever became of the payment. Only payOnce
 * tells that a payment was used.
 *
 * Throws STORE_UNAVAILABLE when another caller did not finish within `waitMs`, and where `verify` answered `later`.
 */
export async function verifyOnce(
  store: VerificationStore,
  payment: { payloadHash: string; fingerprint: string; key?: string | undefined },
  verify: Verify,
  options: VerifyOnceOptions = {},
): Promise<Verification> {
  requireName(payment.payloadHash, "payloadHash");
  requireName(payment.fingerprint, "fingerprint");
  if (payment.key !== undefined) requireName(payment.key, "key");
  const { signal, leaseMs = DEFAULT_LEASE_MS, waitMs = DEFAULT_LEASE_MS, valueTtlMs } = options;
  requireFacadeLease(leaseMs);
  const settings = { signal, leaseMs, waitMs, valueTtlMs };
  const shared = await verifyShared(store, sharedRecordOf(payment), verify, settings);
  switch (shared.status) {
    case "accepted":
      return { ok: true, ran: shared.ran, ...(shared.value !== undefined && { value: shared.value }) };
    case "rejected":
      return { ok: false, reason: shared.reason, ran: shared.ran, ...(shared.used && { used: true }) };
    case "mismatch":
      return { ok: false, reason: "This payload was presented for something else.", ran: false };
    case "later":
      throw new StoreError("STORE_UNAVAILABLE", "The verifier cannot tell yet; ask again later.");
    case "pending":
      throw new StoreError("STORE_UNAVAILABLE", "Another instance is still verifying this; retry, or raise waitMs.");
  }
}
