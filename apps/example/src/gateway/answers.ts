// What the gateway answers when it does not serve: one status for one meaning. 402 only ever means "pay (again)".
import { isStoreError } from "@tollbooth-stores/core";
import { encodePaymentRequiredHeader, encodePaymentResponseHeader } from "@x402/core/http";
import type { PaymentRequired, SettleResponse } from "@x402/core/types";
import type { RouteConfig } from "./gateway-config.ts";
import { NotNow } from "./not-now.ts";
import { BodyIncomplete, BodyTooLarge, maxBodyBytes } from "./request-context.ts";
import type { RoutePrice } from "./requirements.ts";
import { UpstreamFailed } from "./upstream-client.ts";

type Headers_ = Readonly<Record<string, string>>;

function json(status: number, body: object, headers: Headers_ = {}): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** An error in the gateway's common form: a word for programs, a sentence for people. */
export function problem(status: number, error: string, message: string, headers: Headers_ = {}): Response {
  return json(status, { error, message }, headers);
}

/** 402: the price, and why the payment that came (if one did) was no payment. */
export function paymentRequired(
  url: string,
  route: RouteConfig,
  price: RoutePrice,
  reason: string,
  headers: Headers_ = {},
): Response {
  const body: PaymentRequired = {
    x402Version: 2,
    error: reason,
    resource: { url, description: route.description, mimeType: "application/json" },
    accepts: [price.requirements],
  };
  return json(402, body, { ...headers, "payment-required": encodePaymentRequiredHeader(body) });
}

/** 409: used before, or presented for something else. Never 402, which would ask for money a second time. */
export function alreadyUsed(headers: Headers_ = {}): Response {
  return problem(
    409,
    "payment_already_used",
    "This payment was used before, or for something else. It is not charged again.",
    headers,
  );
}

export function bodyTooLarge(): Response {
  return problem(413, "body_too_large", `At most ${maxBodyBytes} bytes are taken.`);
}

/** 503: settled, but what was paid for could not be made yet. */
export function owed(message: string, headers: Headers_ = {}): Response {
  return problem(503, "upstream_failed", `${message} Send the same payment again; do not sign a new one.`, {
    ...headers,
    ...retryAfter(1_000),
  });
}

/** 503: it is under way, or nobody knows yet whether it settled. */
export function pending(retryAfterMs: number, headers: Headers_ = {}): Response {
  return problem(
    503,
    "settlement_pending",
    "This payment is under way, or whether it settled is not known yet. Send the same payment again; do not sign a new one.",
    {
      ...headers,
      ...retryAfter(retryAfterMs),
    },
  );
}

/** 429, with the limiter's own headers. A payment that is "known" was charged before, so nothing is said about that. */
export function tooManyRequests(headers: Headers_, payment: "new" | "known" = "new"): Response {
  const told =
    payment === "new"
      ? "Nothing was charged."
      : "This payment was used before; send it again later, and sign no new one.";
  return problem(429, "rate_limited", `Too many requests. ${told}`, headers);
}

function retryAfter(ms: number): Headers_ {
  return { "retry-after": String(Math.max(1, Math.ceil(ms / 1_000))) };
}

/** The PAYMENT-RESPONSE header: `transaction` settled the payment. */
export function receiptHeader(network: SettleResponse["network"], payer: string, transaction: string): Headers_ {
  return { "payment-response": encodePaymentResponseHeader({ success: true, transaction, network, payer }) };
}

/** What may be over soon. */
const unavailable = ["STORE_UNAVAILABLE", "STORE_CAPACITY", "STORE_CLOSED"] as const;

/** Whatever was thrown while handling a request. A store or facilitator that cannot be asked fails closed. */
export function failure(error: unknown): Response {
  if (error instanceof UpstreamFailed) return problem(error.status, "upstream_failed", error.message);
  if (error instanceof BodyIncomplete) return problem(400, "body_incomplete", error.message);
  if (error instanceof BodyTooLarge) return bodyTooLarge();
  if (error instanceof NotNow) return problem(503, error.word, error.message, retryAfter(1_000));
  // A step took longer than its lease may be renewed: nobody knows more than that it is not over.
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return problem(503, "too_slow", "It took too long. Send the same payment again.", retryAfter(1_000));
  }
  if (isStoreError(error, "STORE_INVALID_ARGUMENT")) {
    return problem(400, "malformed_payment", "No payment can be like this.");
  }
  if (unavailable.some((code) => isStoreError(error, code))) {
    return problem(503, "store_unavailable", "Shared state cannot be reached; try again.", retryAfter(1_000));
  }
  return problem(500, "internal_error", "Something went wrong here.");
}
