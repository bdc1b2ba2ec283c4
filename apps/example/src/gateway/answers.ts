// What the gateway answers when it does not serve: one status for one meaning. 402 only ever means "pay (again)".
import { isStoreError } from "@tollbooth-stores/core";
import { encodePaymentRequiredHeader, encodePaymentResponseHeader } from "@x402/core/http";
import type { PaymentRequired, SettleResponse } from "@x402/core/types";
import { z } from "zod";
import type { RouteConfig } from "./gateway-config.ts";
import { PayerLimited } from "./payer-limited.ts";
import { FacilitatorUnavailable } from "./payment-steps.ts";
import { BodyIncomplete } from "./request-context.ts";
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
    "This payment was used before. Nothing was charged for this request.",
    headers,
  );
}

/** 503: nobody knows yet whether the payment settled. */
export function pending(retryAfterMs: number, headers: Headers_ = {}): Response {
  return problem(
    503,
    "settlement_pending",
    "Whether this payment settled is not known yet. Send the same payment again; do not sign a new one.",
    {
      ...headers,
      ...retryAfter(retryAfterMs),
    },
  );
}

/** 429, with the limiter's own headers. */
export function tooManyRequests(headers: Headers_): Response {
  return problem(429, "rate_limited", "Too many requests. Nothing was charged.", headers);
}

function retryAfter(ms: number): Headers_ {
  return { "retry-after": String(Math.max(1, Math.ceil(ms / 1_000))) };
}

const receiptSchema = z.object({
  success: z.boolean(),
  transaction: z.string(),
  network: z.string(),
  payer: z.string(),
});

/** The PAYMENT-RESPONSE header of a settlement receipt. */
export function receiptHeader(receipt: string): Headers_ {
  const parsed = receiptSchema.parse(JSON.parse(receipt));
  const [namespace = "", reference = ""] = parsed.network.split(":", 2);
  const response: SettleResponse = { ...parsed, network: `${namespace}:${reference}` };
  return { "payment-response": encodePaymentResponseHeader(response) };
}

/** Whatever was thrown while handling a request. A store or facilitator that cannot be asked fails closed. */
export function failure(error: unknown): Response {
  if (error instanceof UpstreamFailed) return problem(error.status, "upstream_failed", error.message);
  if (error instanceof BodyIncomplete) return problem(400, "body_incomplete", error.message);
  if (error instanceof PayerLimited) return tooManyRequests(error.headers);
  if (error instanceof FacilitatorUnavailable) {
    return problem(503, "facilitator_unavailable", error.message, retryAfter(1_000));
  }
  // A step took longer than its lease may be renewed: nobody knows more than that it is not over.
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return problem(503, "too_slow", "It took too long. Send the same payment again.", retryAfter(1_000));
  }
  if (isStoreError(error)) {
    return problem(503, "store_unavailable", "Shared state cannot be reached; try again.", retryAfter(1_000));
  }
  return problem(500, "internal_error", "Something went wrong here.");
}
