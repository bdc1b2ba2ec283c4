// The façade payOnce: one payment is verified once, served once and settled once, on however many instances.
import type { CallOptions } from "../call-options.ts";
import { requireDurationMs, requireInstantMs } from "../durations.ts";
import { invalidArgument } from "../errors.ts";
import type { Paid } from "./paid.ts";
import { runPayment } from "./pay-runner.ts";
import type { Keep, Payment, PaymentSteps } from "./payment.ts";
import { requireFacadeLease, requireName } from "./verification-arguments.ts";
import type { VerificationStore } from "./verification-store.ts";

export interface PayOnceOptions<R> extends CallOptions {
  /**
   * Default "serve-then-settle": nobody pays for what could not be made. "settle-then-serve": nothing is made that was
   * not paid for. Either way a payment that was settled and not delivered is delivered to the next caller who presents it.
   */
  order?: "serve-then-settle" | "settle-then-serve" | undefined;
  /** Milliseconds, renewed at a third, at most an hour. Default 10,000. A duplicate waits as long for the first one's result. */
  leaseMs?: number | undefined;
  /**
   * Keeps the result beside the payment, before it is settled: for the payer whose answer was lost, and for duplicates. The
   * store keeps it in plain text. Without it what was settled and not delivered is served again.
   */
  keep?: Keep<R> | undefined;
}

const DEFAULT_LEASE_MS = 10_000;
/** Unix epoch seconds stay below it for 30,000 years, milliseconds since 2001 are above. */
const FIRST_MILLISECOND = 1_000_000_000_000;

/**
 * Takes a payment through verify, serve and settle exactly once across instances, and tells everyone else what became of
 * it. Fails closed: where the store does not answer it throws STORE_UNAVAILABLE (503), and whether money moved is never
 * guessed: a settle that throws or times out leaves the payment in doubt, and `findSettlement` decides.
 *
 * Each payload that is presented costs a claim and a verification, so check before what needs no facilitator: form, amount,
 * recipient, validity. But ask `peek` first: a payment that the store knows is never refused for today's terms.
 *
 * Paid means delivered: delivery is recorded before it is told, so that `fresh` is told at most once; where the answer was
 * lost the payer who asks again gets what was kept. Aborting `signal` ends the caller's wait; before the settlement it also
 * ends the attempt, afterwards the receipt is recorded all the same and the payment stays owed.
 *
 * Throws STORE_INVALID_ARGUMENT for a payment that cannot be one, and what `verify` or `serve` threw.
 */
export async function payOnce<R>(
  store: VerificationStore,
  payment: Payment,
  steps: PaymentSteps<R>,
  options: PayOnceOptions<R> = {},
): Promise<Paid<R>> {
  const { signal, leaseMs = DEFAULT_LEASE_MS, order = "serve-then-settle", keep } = options;
  requirePayment(payment);
  requireFacadeLease(leaseMs);
  if (order !== "serve-then-settle" && order !== "settle-then-serve") {
    throw invalidArgument('order must be "serve-then-settle" or "settle-then-serve".');
  }
  if (keep?.forMs !== undefined) requireDurationMs(keep.forMs, "keep.forMs");
  signal?.throwIfAborted();
  return runPayment(store, payment, steps, { signal, leaseMs, order, keep });
}

function requirePayment({ key, payloadHash, fingerprint, validUntilMs, collector, reference }: Payment): void {
  requireName(key, "payment.key");
  requireName(payloadHash, "payment.payloadHash");
  requireName(fingerprint, "payment.fingerprint");
  if (collector !== undefined) requireName(collector, "payment.collector");
  if (reference !== undefined) requireName(reference, "payment.reference");
  if (requireInstantMs(validUntilMs, "payment.validUntilMs") < FIRST_MILLISECOND) {
    throw invalidArgument(
      "payment.validUntilMs must be in milliseconds; this is in seconds (multiply it by 1000) or 0.",
    );
  }
}
