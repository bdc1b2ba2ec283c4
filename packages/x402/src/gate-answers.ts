// What the gate answers when it does not serve: one status for one meaning. 402 only ever means "pay (again)".
import { isStoreError } from "@tollbooth-stores/core";
import { type Answer, isUnavailable, problem } from "@tollbooth-stores/http";
import { LONGEST_PAYMENT_HEADER } from "./request-at-origin.ts";

/** 409: used before, or presented for something else. Never 402, which would ask for money a second time. */
export function alreadyUsed(): Answer {
  return problem(
    409,
    "payment_already_used",
    "This payment was used before, or for something else. It is not charged again.",
  );
}

/** 503: it is under way, or whether it settled is not known yet. */
export function pending(retryAfterMs: number): Answer {
  const message =
    "This payment is under way, or whether it settled is not known yet. Send the same payment again; do not sign a new one.";
  return notNow("settlement_pending", message, retryAfterMs);
}

/** 503: a copy, or this payment itself, was refused a moment ago. It is judged anew in `retryAfterMs`. */
export function refusedElsewhere(retryAfterMs: number): Answer {
  const message =
    "This payment was refused a moment ago, here or for another request. Nothing was charged. Send the same payment again.";
  return notNow("refused_elsewhere", message, retryAfterMs);
}

/** 503: the handler made nothing, and the payment is or may be charged. */
export function owed(): Answer {
  const message =
    "What this payment buys could not be made yet, and it may be charged already. Send the same payment again; do not sign a new one.";
  return notNow("owed", message);
}

export function facilitatorUnavailable(): Answer {
  const message =
    "The facilitator did not verify the payment in time. Nothing was charged. Send the same payment again.";
  return notNow("facilitator_unavailable", message);
}

/** 503, where a payment came before any facilitator was heard: it may be known, and charged. */
export function notReady(): Answer {
  const message =
    "No facilitator answers, so nothing can be said of this payment now. Send the same payment again; do not sign a new one.";
  return notNow("facilitator_unavailable", message);
}

/** 503, where no payment came. */
export function noPriceNow(): Answer {
  const message = "The price cannot be told now, because the facilitator does not answer. Ask again.";
  return notNow("facilitator_unavailable", message);
}

export function lookupUnavailable(): Answer {
  const message = "Whether this payment was used cannot be asked now. Send the same payment again.";
  return notNow("lookup_unavailable", message);
}

/** 504: nothing was charged. */
export function handlerTimedOut(): Answer {
  return problem(504, "handler_timeout", "The answer was not made in time. Nothing was charged.");
}

export function paymentTooLarge(): Answer {
  return problem(431, "payment_too_large", `PAYMENT-SIGNATURE must have at most ${LONGEST_PAYMENT_HEADER} characters.`);
}

/** 400. `message` names the mistake. */
export function malformedPayment(message: string): Answer {
  return problem(400, "malformed_payment", message);
}

/** 400: nothing of it can be taken by this gate. */
export function unsupportedPayment(message: string): Answer {
  return problem(400, "unsupported_payment", message);
}

/** 404: no payment is taken for it. */
export function ambiguousPath(by: "route" | "case"): Answer {
  const messages = {
    route:
      "The path is spelt so that it could be another route's than the one that it is priced by. Spell it as its route does.",
    case:
      "The price depends on the case of letters that the router does not heed. Spell the path as its route does. " +
      "To sell it in any spelling, the seller gives each price a key of its own, or names a part whose case counts by [name].",
  };
  return problem(404, "ambiguous_path", messages[by]);
}

export function headIsNotSold(): Answer {
  const answer = problem(405, "method_not_allowed", "", { allow: "GET" });
  return { ...answer, body: new Uint8Array() };
}

/**
 * 204, without what a browser asks for: that is said by CORS middleware before the gate. A handler that takes every method would give
 * its answer away.
 */
export function preflight(): Answer {
  return { status: 204, headers: { "cache-control": "no-store" }, body: new Uint8Array() };
}

/** 400: one payment buys one answer. */
export function websocketIsNotSold(): Answer {
  return problem(
    400,
    "websocket_needs_session",
    "A payment buys one answer, and a WebSocket has none. Buy a session, and open the WebSocket with it.",
  );
}

/** The answer to a failure of the store or of a step's time; undefined for any other error. */
export function failure(error: unknown): Answer | undefined {
  if (isUnavailable(error)) {
    const message = "Shared state cannot be reached. Send the same payment again; do not sign a new one.";
    return notNow("store_unavailable", message);
  }
  // A step took longer than its lease may be renewed: only that it is not over is known.
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return notNow("too_slow", "It took too long. Send the same payment again; do not sign a new one.");
  }
  if (isStoreError(error, "STORE_INVALID_ARGUMENT")) return malformedPayment("No payment can be like this.");
  return undefined;
}

function notNow(code: string, message: string, retryAfterMs = 1_000): Answer {
  return problem(503, code, message, { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) });
}
