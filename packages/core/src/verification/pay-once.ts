// The façade payOnce: one payment is verified once, served once and settled once, on however many instances.
import type { CallOptions } from "../call-options.ts";
import { requireDurationMs, requireInstantMs } from "../durations.ts";
import { invalidArgument } from "../errors.ts";
import { type OptionNames, requireKnownOptions } from "../known-options.ts";
import { areAnswersObserved } from "../payment-telemetry.ts";
import { observedPayment } from "./observed-payment.ts";
import type { Paid } from "./paid.ts";
import { runPayment } from "./pay-runner.ts";
import type { Keep, Payment, PaymentSteps } from "./payment.ts";
import { requireFacadeLease, requireName } from "./verification-arguments.ts";
import type { VerificationStore } from "./verification-store.ts";

export interface PayOnceOptions<R> extends CallOptions {
  /**
   * Default "serve-then-settle": the payer never pays for a result that could not be made. "settle-then-serve": the
   * seller never makes a result that is not paid for. With both, a payment that is settled and not delivered goes to
   * the next caller that presents it.
   */
  order?: "serve-then-settle" | "settle-then-serve" | undefined;
  /**
   * The lease in milliseconds, renewed at a third; at most 3,600,000. Default 10,000. A duplicate waits that long for
   * the first caller's result.
   */
  leaseMs?: number | undefined;
  /**
   * Keeps the result beside the payment, before it is settled: for a payer that lost the answer, and for duplicates.
   * The store keeps it in plain text. Without it, a settled payment that was not delivered is served again.
   */
  keep?: Keep<R> | undefined;
  /**
   * Whether a refused settlement is remembered for ten seconds, as a rejection by `verify` is. Default false: the payment is verified anew
   * at once, so that a copy that waits may be settled after this caller heard "rejected". Where a payer that hears so pays by another
   * payment, say true.
   */
  rememberRefusals?: boolean | undefined;
}

const DEFAULT_LEASE_MS = 10_000;
const optionNames: OptionNames<PayOnceOptions<unknown>> = {
  ...{ signal: true, order: true, leaseMs: true, keep: true, rememberRefusals: true },
};
/** Unix epoch seconds stay below this for 30,000 years; milliseconds have been above it since 2001. */
const FIRST_MILLISECOND = 1_000_000_000_000;

/**
 * Takes a payment through verify, serve and settle exactly once across instances. Every other caller gets the payment's
 * outcome. It fails closed: where the store does not answer it throws STORE_UNAVAILABLE (503). It never guesses whether
 * money moved: a settle that throws or times out leaves the payment in doubt, and `findSettlement` decides.
 *
 * Each presented payload costs a claim and a verification. So check first what needs no facilitator: form, amount,
 * recipient, validity. But ask `peek` before that: a payment that the store knows is never refused for today's terms.
 *
 * Delivery is recorded before the caller is answered, so `fresh` is told at most once. A payer that lost the answer
 * asks again and gets the kept result.
 *
 * Aborting `signal` ends the caller's wait. Before the settlement it also ends the attempt. After it the receipt is
 * recorded all the same, and the payment stays owed.
 *
 * Throws STORE_INVALID_ARGUMENT for a malformed payment, and rethrows what `verify` or `serve` threw.
 */
export async function payOnce<R>(
  store: VerificationStore,
  payment: Payment,
  steps: PaymentSteps<R>,
  options: PayOnceOptions<R> = {},
): Promise<Paid<R>> {
  requireKnownOptions(options, optionNames);
  const { signal, leaseMs = DEFAULT_LEASE_MS, order = "serve-then-settle", keep, rememberRefusals = false } = options;
  requirePayment(payment);
  requireFacadeLease(leaseMs);
  if (order !== "serve-then-settle" && order !== "settle-then-serve") {
    throw invalidArgument('order must be "serve-then-settle" or "settle-then-serve".');
  }
  if (typeof rememberRefusals !== "boolean") throw invalidArgument("rememberRefusals must be true or false.");
  if (keep?.forMs !== undefined) requireDurationMs(keep.forMs, "keep.forMs");
  signal?.throwIfAborted();
  const run = (attempted?: (attempt: number) => void) =>
    runPayment(store, payment, steps, { signal, leaseMs, order, keep, rememberRefusals, attempted });
  return areAnswersObserved() ? observedPayment(payment.key, signal, run) : run();
}

function requirePayment({ key, payloadHash, fingerprint, validUntilMs, collector, reference }: Payment): void {
  requireName(key, "payment.key");
  requireName(payloadHash, "payment.payloadHash");
  requireName(fingerprint, "payment.fingerprint");
  if (collector !== undefined) requireName(collector, "payment.collector");
  if (reference !== undefined && !requireName(reference, "payment.reference").isWellFormed()) {
    throw invalidArgument("payment.reference must be well-formed Unicode.");
  }
  if (requireInstantMs(validUntilMs, "payment.validUntilMs") < FIRST_MILLISECOND) {
    throw invalidArgument(
      "payment.validUntilMs must be in milliseconds; this is in seconds (multiply it by 1000) or 0.",
    );
  }
}
