// Reads the header that carries a payment: a version 2 payload, none, or the mistake in it.
import type { RequestAdapter } from "@tollbooth-stores/http";
import { decodePaymentSignatureHeader } from "@x402/core/http";
import { isPaymentPayloadV2 } from "@x402/core/schemas";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { caip2 } from "./caip-2.ts";
import { canonicalSignature } from "./canonical-signature.ts";
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
  const { accepted, payload, extensions, resource } = decoded;
  if ("authorization" in payload && "permit2Authorization" in payload) {
    return malformed("The payment has two authorizations; send one.");
  }
  return {
    status: "payment",
    payload: {
      x402Version: 2,
      accepted: requirementsIn(accepted),
      payload: inOneSpelling(payload),
      ...(extensions && { extensions }),
      ...(resource && { resource: resourceIn(resource) }),
    },
  };
}

/**
 * Copies of a payment that are spelt differently share one verification. So a facilitator is always given the spelling that it takes: else
 * an oddly spelt copy that comes first would get the genuine one refused.
 */
function inOneSpelling(payload: Record<string, unknown>): Record<string, unknown> {
  const { signature, authorization } = payload;
  const canonical = typeof signature === "string" ? canonicalSignature(signature) : undefined;
  return {
    ...payload,
    ...(canonical !== undefined && { signature: canonical }),
    ...(isFields(authorization) && { authorization: hexInOneSpelling(authorization) }),
  };
}

/** An address in mixed case carries a checksum in it, so its case stays. In one case there is none to keep. */
function hexInOneSpelling(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const digits = typeof value === "string" ? /^0x([0-9a-f]+)$/i.exec(value)?.[1] : undefined;
      if (digits === undefined) return [name, value];
      return [name, `0x${digits === digits.toUpperCase() ? digits.toLowerCase() : digits}`];
    }),
  );
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(message: string): PaymentHeader {
  return { status: "malformed", message };
}

type Resource = NonNullable<PaymentPayload["resource"]>;

/** A schema's optional field may be undefined; that of the type may not. */
function resourceIn({
  url,
  description,
  mimeType,
  serviceName,
  tags,
  iconUrl,
}: { [Name in keyof Resource]: Resource[Name] | undefined } & { url: string }): Resource {
  return {
    url,
    ...(description !== undefined && { description }),
    ...(mimeType !== undefined && { mimeType }),
    ...(serviceName !== undefined && { serviceName }),
    ...(tags !== undefined && { tags }),
    ...(iconUrl !== undefined && { iconUrl }),
  };
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
  return { ...accepted, network: caip2(accepted.network), extra: accepted.extra ?? {} };
}
