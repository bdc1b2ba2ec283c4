// What payOnce is given: a payment, and what the seller does about it.
import type { StepContext, Verify } from "./verify-once.ts";

/** What is paid with, and for what. */
export interface Payment {
  /** Names the payment: `paymentKey(...)`. */
  key: string;
  /** Names the exact payload, signature included: `payloadHash(...)`. */
  payloadHash: string;
  /** Names what is bought: `paymentFingerprint(...)`. */
  fingerprint: string;
  /**
   * Until when the payment could be settled, Unix epoch milliseconds; at most 31 days ahead. It is remembered for a day
   * longer, if that is within 31 days; one whose outcome is in doubt for 31 days.
   */
  validUntilMs: number;
}

/** What the seller does. `verify`, `settle` and `findSettlement` have three leases to answer, `serve` has no limit. */
export interface PaymentSteps<R> {
  /** Is the payload good? A rejection must be deterministic; throw where it could be otherwise next time. */
  verify: Verify;
  /** Makes what is sold. A throw frees the payment ("serve-then-settle"): nothing has moved. */
  serve(context: StepContext): Promise<R>;
  /** Moves the money. `ok: false` only where it certainly did not move and will not; whatever it throws means unknown. */
  settle(
    context: StepContext & { note(evidence: string): Promise<void> },
  ): Promise<{ ok: true; receipt: string } | { ok: false; reason: string }>;
  /** Asked when an earlier attempt's outcome is unknown. "none" only if it can no longer settle by itself either. */
  findSettlement(evidence: string | undefined, context: StepContext): Promise<{ receipt: string } | "none" | "unknown">;
}
