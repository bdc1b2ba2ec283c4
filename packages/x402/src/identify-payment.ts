// Names the payment in an x402 payload, however it is spelled, and says until when it can move money.
import { type PaymentIdentity, payloadHash, paymentKey, StoreError } from "@tollbooth-stores/core";
import { eip3009Terms, permit2Terms } from "./evm-payment.ts";
import { type Fields, MalformedPayload } from "./payload-fields.ts";
import { canonicalText, referenceText, type SignedTerms } from "./signed-terms.ts";
import { svmTransaction } from "./svm-payment.ts";

/** The part of x402's requirements that a payment's identity depends on. */
export interface TermsOfPayment {
  readonly scheme: string;
  /** CAIP-2, e.g. "eip155:8453". */
  readonly network: string;
  readonly asset: string;
  readonly amount: string;
  readonly payTo: string;
  readonly maxTimeoutSeconds: number;
}

/** The fields of payOnce's `Payment` that the payload decides, and who pays. Nothing of it is verified. */
export interface IdentifiedPayment {
  readonly key: string;
  readonly payloadHash: string;
  /** Unix epoch milliseconds. */
  readonly validUntilMs: number;
  /** JSON of all that was signed, without a signature: for `findSettlement`. */
  readonly reference: string;
  /** As the payload says; undefined where only the chain can tell. */
  readonly payer: string | undefined;
}

export type Identity =
  | ({ readonly status: "identified" } & IdentifiedPayment)
  /** 400: the payload is none of its scheme. `message` names the field, never what it held. */
  | { readonly status: "malformed"; readonly message: string }
  /** 402 or 400: no store could tell whether this payment was used before. */
  | { readonly status: "unsupported"; readonly message: string };

/** How long ahead a payment may end: a store remembers none for longer, so that it could be replayed afterwards. */
export const LONGEST_AHEAD_MS: number = 31 * 86_400_000;

/**
 * `payload`: the scheme's own part of the payment payload (`paymentPayload.payload`). `nowMs`: for the bound of 31 days, and
 * for SVM, whose transactions carry no end: there `maxTimeoutSeconds` from now is taken.
 *
 * Schemes: `exact` by EIP-3009 and by Permit2, `upto` by Permit2, `exact` on Solana.
 */
export function identifyPayment(payload: Fields, terms: TermsOfPayment, nowMs: number = Date.now()): Identity {
  const { scheme, network } = terms ?? {};
  if (typeof scheme !== "string" || typeof network !== "string") {
    throw new StoreError(
      "STORE_CONFIG",
      "identifyPayment(): terms must be the payment's requirements: { scheme, network, asset, ... }.",
    );
  }
  if (typeof payload !== "object" || payload === null)
    return { status: "malformed", message: "The payload is no object." };
  try {
    if (network.startsWith("solana:") && scheme === "exact") return svmIdentity(payload, terms, nowMs);
    if (!network.startsWith("eip155:") || (scheme !== "exact" && scheme !== "upto")) return unknownScheme();
    if ("permit2Authorization" in payload) return evmIdentity(permit2Terms(payload, network), network, nowMs);
    // `upto` moves an amount that is not signed, which EIP-3009 cannot do.
    if (scheme === "upto") return unknownScheme();
    return evmIdentity(eip3009Terms(payload, network, terms.asset), network, nowMs);
  } catch (error) {
    if (error instanceof MalformedPayload) return { status: "malformed", message: error.message };
    throw error;
  }
}

function unknownScheme(): Identity {
  return {
    status: "unsupported",
    message: "Of this scheme and network a payment's identity is not known, so that a replay could not be refused.",
  };
}

function evmIdentity(signed: SignedTerms, network: string, nowMs: number): Identity {
  const validUntilMs = Number(signed.validBefore) * 1_000;
  return identified(validUntilMs, nowMs, {
    key: paymentKey(signed.identity),
    payloadHash: payloadHash(canonicalText(network, signed)),
    reference: referenceText(network, signed),
    payer: signed.payer,
  });
}

function svmIdentity(
  payload: Fields,
  { network, asset, amount, payTo, maxTimeoutSeconds }: TermsOfPayment,
  nowMs: number,
) {
  const { message, transaction } = svmTransaction(payload);
  const identity: PaymentIdentity = { scheme: "svm", message };
  const key = paymentKey(identity);
  return identified(nowMs + maxTimeoutSeconds * 1_000, nowMs, {
    key,
    payloadHash: payloadHash(transaction),
    // The message itself would be long. Its name is enough to find it among the seller's transfers.
    reference: JSON.stringify({ scheme: "svm", network, asset, payTo, amount, message: key }),
    payer: undefined,
  });
}

function identified(validUntilMs: number, nowMs: number, payment: Omit<IdentifiedPayment, "validUntilMs">): Identity {
  if (validUntilMs - nowMs > LONGEST_AHEAD_MS) {
    return {
      status: "unsupported",
      message: "The payment is valid for more than 31 days, longer than it is remembered; sign one that ends sooner.",
    };
  }
  return { status: "identified", ...payment, validUntilMs };
}
