// The gate around a handler that speaks fetch: Next route handlers, and everything else with `(request) => Response`.
import {
  answerOf,
  contextOf,
  DEFAULT_MAX_BODY_BYTES,
  type PaidGate,
  type PaymentInHand,
  readBody,
  responseOf,
} from "@tollbooth-stores/http";

export interface PaidOptions {
  /** Larger request bodies are answered with 413, and nothing is asked. In bytes. Default 1,048,576. */
  maxBodyBytes?: number | undefined;
}

/** `rest`: what the framework gives beside the request, such as Next's `{ params }`. */
export type FetchHandler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

const payments = new WeakMap<Request, PaymentInHand>();

/** The payment that the handler answers for. Undefined where access is free, or the route is not sold. */
export function paymentOf(request: Request): PaymentInHand | undefined {
  return payments.get(request);
}

/**
 * Sells what `handler` answers: it runs at most once in a call, and its body is read whole before anything is charged. The
 * handler gets the framework's own request with its body unread. What it throws is thrown, once the payment is free again.
 *
 * A body that does not come to its end is 400. A request that the gate does not sell goes straight to the handler.
 */
export function paid<Rest extends readonly unknown[]>(
  gate: PaidGate,
  handler: FetchHandler<Rest>,
  { maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: PaidOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const body = await readBody(request, maxBodyBytes);
    if (!(body instanceof Uint8Array)) return responseOf(body);
    let cookies: string[] = [];
    const answer = await gate.handle(contextOf(request), body, async (payment) => {
      payments.set(request, payment);
      const response = await handler(request, ...rest);
      cookies = response.headers.getSetCookie();
      return answerOf(response);
    });
    return answer === undefined ? handler(request, ...rest) : responseOf(answer, cookies);
  };
}
