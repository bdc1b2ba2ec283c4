// Reads the header that carries a payment: a version 2 payload, none, or the mistake in it.
import type { RequestAdapter } from "@tollbooth-stores/http";
import { decodePaymentSignatureHeader } from "@x402/core/http";
import { isPaymentPayloadV2 } from "@x402/core/schemas";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { LONGEST_PAYMENT_HEADER } from "./request-at-origin.ts";

export type PaymentHeader =
  | { readonly status: "absent" }
  /** 431 */
  | { readonly status: "oversized" }
  /** 400 */
  | { readonly status: "malformed"; readonly message: string }
  | { readonly status: "payment"; readonly payload: PaymentPayload };

/**
 * The SDK takes a header that it cannot read for none, and answers 402: a client that has paid would pay again. It also
 * compares only scheme and network of version 1. So both are refused here.
 */
export function readPaymentHeader(adapter: RequestAdapter): PaymentHeader {
  const header = adapter.getHeader("payment-signature");
  if (header === undefined || header === "") {
    if (adapter.getHeader("x-payment") === undefined) return { status: "absent" };
    return malformed("X-PAYMENT is x402 version 1; send version 2 in PAYMENT-SIGNATURE.");
  }
  if (header.length > LONGEST_PAYMENT_HEADER) return { status: "oversized" };
  let decoded: unknown;
  try {
    decoded = decodePaymentSignatureHeader(header);
  } catch {
    return malformed("PAYMENT-SIGNATURE must be base64 of JSON.");
  }
  if (!isPaymentPayloadV2(decoded)) return malformed("The payment is no x402 version 2 payload.");
  const { accepted, payload, extensions } = decoded;
  return {
    status: "payment",
    payload: { x402Version: 2, accepted: requirementsIn(accepted), payload, ...(extensions && { extensions }) },
  };
}

function malformed(message: string): PaymentHeader {
  return { status: "malformed", message };
}

/** The SDK's schemas let `extra` be left out where its types do not, and call a CAIP-2 name text. */
function requirementsIn(accepted: {
  scheme: string;
  network: string;
  amount: string;
  asset: string;
  payTo: string;
  maxTimeoutSeconds: number;
  extra?: Record<string, unknown> | null | undefined;
}): PaymentRequirements {
  const [namespace = "", ...reference] = accepted.network.split(":");
  return { ...accepted, network: `${namespace}:${reference.join(":")}`, extra: accepted.extra ?? {} };
}
