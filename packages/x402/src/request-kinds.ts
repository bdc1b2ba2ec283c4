// Requests that buy nothing, whatever they bring: their answers are known before a price is asked.
import type { RequestContext } from "@tollbooth-stores/http";

export function isHead({ method }: RequestContext): boolean {
  return method.toUpperCase() === "HEAD";
}

/** It has no credentials, so it cannot pay; the browser sends the paid request after it. */
export function isPreflight({ method, adapter }: RequestContext): boolean {
  return method.toUpperCase() === "OPTIONS" && adapter.getHeader("access-control-request-method") !== undefined;
}

export function isWebsocket({ adapter }: RequestContext): boolean {
  return /\bwebsocket\b/i.test(adapter.getHeader("upgrade") ?? "");
}

export function isPaidFor({ adapter }: RequestContext): boolean {
  return adapter.getHeader("payment-signature") !== undefined;
}

/** Its bytes are not read yet where only its head is known. */
export function bringsBody({ adapter }: RequestContext): boolean {
  if (adapter.getHeader("transfer-encoding") !== undefined) return true;
  return Number(adapter.getHeader("content-length") ?? 0) > 0;
}
