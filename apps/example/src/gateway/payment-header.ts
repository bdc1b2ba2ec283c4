// Reads a PAYMENT-SIGNATURE header into one canonical payment, however it was written, and proves who signed it.
import { canonicalSignature } from "@tollbooth-stores/x402";
import { decodePaymentSignatureHeader } from "@x402/core/http";
import { PaymentPayloadV2Schema } from "@x402/core/schemas";
import { type Address, type Hex, isAddressEqual } from "viem";
import { z } from "zod";
import { type Authorization, signerOf } from "../eip3009.ts";
import { addressSchema, bytes32Schema, uint256Schema } from "../hex-schemas.ts";
import { ownTerms } from "./own-terms.ts";
import { clockSlackSeconds, type RoutePrice } from "./requirements.ts";

/** Far more than an EIP-3009 payment needs; below what the HTTP server takes as headers in all. */
export const maxPaymentHeaderLength = 8_192;

/** A payment that its payer certainly signed. */
export interface SignedPayment {
  authorization: Authorization;
  /** Low s, v of 27 or 28, lower case. */
  signature: Hex;
  payer: Address;
  /** The same text for every spelling of the same payment. */
  canonical: string;
  /** What it pays, by its own word: another price than the route's where the configuration has changed, or it is wrong. */
  terms: RoutePrice;
}

export type ReadPayment =
  | { status: "absent" }
  /** 431 */
  | { status: "oversized" }
  /** 400 */
  | { status: "malformed"; message: string }
  /** 402 */
  | { status: "refused"; reason: string }
  | { status: "signed"; payment: SignedPayment };

const eip3009Payload = z.object({
  signature: z.string(),
  authorization: z.object({
    from: addressSchema,
    to: addressSchema,
    value: uint256Schema,
    validAfter: uint256Schema,
    validBefore: uint256Schema,
    nonce: bytes32Schema,
  }),
});

/**
 * Checks the form and the signature, which is recovered right here, so that a forged payer costs no other process any work.
 * Accounts that are contracts (ERC-1271, ERC-6492) are refused: their signatures cannot be checked without a chain. Whether
 * it pays this route's price now is for `objectionTo`.
 */
export async function readPayment(headers: Headers, price: RoutePrice): Promise<ReadPayment> {
  const parsed = parsePayment(headers, price);
  if (parsed.status !== "signed") return parsed;
  const { authorization, signature, payer, terms } = parsed.payment;
  const signer = await signerOf(terms.domain, authorization, signature);
  if (signer !== undefined && isAddressEqual(signer, payer)) return parsed;
  return { status: "refused", reason: "invalid_signature" };
}

/** The same but for the signature, which takes a thousand times as long: `payer` is who is said to have signed. */
export function parsePayment(headers: Headers, price: RoutePrice): ReadPayment {
  const header = headers.get("payment-signature");
  if (header === null) {
    if (!headers.has("x-payment")) return { status: "absent" };
    return { status: "malformed", message: "X-PAYMENT is x402 version 1; send version 2 in PAYMENT-SIGNATURE." };
  }
  if (header.length > maxPaymentHeaderLength) return { status: "oversized" };
  let decoded: unknown;
  try {
    decoded = decodePaymentSignatureHeader(header);
  } catch {
    return { status: "malformed", message: "PAYMENT-SIGNATURE must be base64 of JSON." };
  }
  const envelope = PaymentPayloadV2Schema.safeParse(decoded);
  if (!envelope.success) return { status: "malformed", message: "The payment is not an x402 version 2 payload." };
  const { accepted, payload } = envelope.data;
  if (accepted.scheme !== price.requirements.scheme) return { status: "refused", reason: "wrong_scheme" };
  const parsed = eip3009Payload.safeParse(payload);
  if (!parsed.success) return { status: "malformed", message: "The payload is not a signed EIP-3009 authorization." };
  const signature = canonicalSignature(parsed.data.signature);
  if (signature === undefined) {
    return { status: "malformed", message: "The signature must be 65 bytes of an externally owned account." };
  }
  const { authorization } = parsed.data;
  const terms = ownTerms(accepted, authorization, price);
  if ("wrong" in terms) return { status: "refused", reason: terms.wrong };
  const canonical = canonicalText(authorization, signature);
  return { status: "signed", payment: { authorization, signature, payer: authorization.from, canonical, terms } };
}

/** Why the payment does not pay `price` now, as far as that can be told without asking anybody. */
export function objectionTo(
  { authorization: { validAfter, validBefore }, terms }: SignedPayment,
  price: RoutePrice,
  paymentTimeoutMs: number,
): string | undefined {
  const now = BigInt(Math.floor(Date.now() / 1_000));
  if (terms.requirements.network !== price.requirements.network) return "wrong_network";
  if (terms.asset !== price.asset) return "wrong_asset";
  if (terms.requirements.payTo !== price.requirements.payTo) return "wrong_recipient";
  if (terms.amount !== price.amount) return "wrong_amount";
  if (validAfter > now) return "not_yet_valid";
  if (validBefore <= now) return "expired";
  const latest = now + BigInt(Math.ceil(paymentTimeoutMs / 1_000)) + clockSlackSeconds;
  return validBefore > latest ? "valid_for_too_long" : undefined;
}

function canonicalText(authorization: Authorization, signature: Hex): string {
  const { from, to, value, validAfter, validBefore, nonce } = authorization;
  return JSON.stringify([from, to, String(value), String(validAfter), String(validBefore), nonce, signature]);
}
