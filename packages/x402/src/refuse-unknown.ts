// The answer to a payment that its route does not take, and of which the store knows nothing.
import type { Payment } from "@tollbooth-stores/core";
import type { Answer } from "@tollbooth-stores/http";
import type { PaymentPayload } from "@x402/core/types";
import { endRefusedPayment } from "./end-refused-payment.ts";
import { alreadyUsed, lookupUnavailable, pending, refusedElsewhere } from "./gate-answers.ts";
import type { GateSettings } from "./gate-settings.ts";
import { refuseCopies } from "./refuse-copies.ts";
import type { RequestAtOrigin } from "./request-at-origin.ts";
import { fateOf } from "./sdk-steps.ts";
import { within } from "./within.ts";

interface RefusedRequest {
  readonly request: Pick<RequestAtOrigin, "signal">;
  readonly payload: Pick<PaymentPayload, "accepted">;
}

/** `refusal`, unless the payment was used, or may still be charged: then its payer must not be told to pay anew. */
export async function refuseUnknown(
  settings: GateSettings,
  { request, payload: { accepted } }: RefusedRequest,
  payment: Payment,
  refusal: Answer,
): Promise<Answer> {
  // Where its scheme is not registered it was never sold here, so `findSettlement` need not know that chain.
  if (settings.server.hasRegisteredScheme(accepted.network, accepted.scheme)) {
    const other = await ifUsed(settings, payment, request.signal);
    if (other !== undefined) return other;
  }
  return refusedForAll(settings, payment, request.signal, refusal);
}

/** The store may have lost what it knew, so the chain is asked before "pay again" is said. */
async function ifUsed(
  { findSettlement, leaseMs }: GateSettings,
  payment: Payment,
  signal: AbortSignal | undefined,
): Promise<Answer | undefined> {
  const late = () => new DOMException("findSettlement did not answer in time.", "TimeoutError");
  try {
    const fate = await within(3 * leaseMs, signal, late, (ending) =>
      fateOf(findSettlement, payment, { signal: ending, fence: "0" }),
    );
    if (fate === "used") return alreadyUsed();
    return fate === "open" ? pending(1_000) : undefined;
  } catch {
    return lookupUnavailable();
  }
}

/** `refusal` once no copy of the payment can be charged after it, so that its payer may pay anew. */
async function refusedForAll(
  { store, leaseMs }: GateSettings,
  payment: Payment,
  signal: AbortSignal | undefined,
  refusal: Answer,
): Promise<Answer> {
  const copies = await refuseCopies(store, payment, { leaseMs, signal });
  switch (copies.status) {
    case "refused":
      return refusal;
    case "nearly-over":
      return refusedElsewhere(copies.retryAfterMs);
    case "used":
      return alreadyUsed();
    case "open":
      return (await endRefusedPayment(store, payment, leaseMs)) ? refusal : pending(1_000);
  }
}
