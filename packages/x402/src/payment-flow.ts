// When a payment is settled, as its scheme has it.
import type { PaymentRequirements } from "@x402/core/types";
import type { ResourceServer } from "./resource-server.ts";

/** Throws the SDK's error for a flow that the scheme does not support. */
export function paymentFlow(server: ResourceServer, requirements: PaymentRequirements): string {
  return server.getPaymentFlow({ x402Version: 2, accepted: requirements, payload: {} }, requirements);
}

/**
 * The flow of a payment on its own terms. `undefined` where no gate sells by it: escrow, or a word that the scheme does not know.
 * A payer writes the terms of an earlier payment, so that may be any word. A scheme that is not registered any more has no
 * flow, and nothing of it can be settled.
 */
export function flowToday(
  server: ResourceServer,
  requirements: PaymentRequirements,
): "authorization" | "upfront" | undefined {
  if (!server.hasRegisteredScheme(requirements.network, requirements.scheme)) return "authorization";
  try {
    const flow = paymentFlow(server, requirements);
    return flow === "authorization" || flow === "upfront" ? flow : undefined;
  } catch {
    return undefined;
  }
}
