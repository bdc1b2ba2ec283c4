// The gate around a handler that speaks fetch: Next route handlers, and everything else with `(request) => Response`.
import {
  answerOf,
  beforeGate,
  contextOf,
  type PaidGate,
  type PaidOptions,
  type PaymentInHand,
  paidSettings,
  readBody,
  responseOf,
} from "@tollbooth-stores/http";

export type { PaidOptions } from "@tollbooth-stores/http";

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
 * A body that does not come to its end is 400. A request that the gate does not sell is 404; with `unsold: "pass"` it goes straight
 * to the handler, its body unread. Throws STORE_CONFIG for options that cannot be meant.
 */
export function paid<Rest extends readonly unknown[]>(
  gate: PaidGate,
  handler: FetchHandler<Rest>,
  options?: PaidOptions,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { maxBodyBytes, maxAnswerBytes, unsold = "refuse" } = paidSettings(options);
  return async (request, ...rest) => {
    const context = contextOf(request);
    const before = beforeGate(gate, context, unsold);
    if (before === "pass") return handler(request, ...rest);
    if (before !== "ask") return responseOf(before);
    const body = await readBody(request, maxBodyBytes);
    if (!(body instanceof Uint8Array)) return responseOf(body);
    let cookies: string[] = [];
    const answer = await gate.handle(context, body, async (payment) => {
      payments.set(request, payment);
      const response = await handler(request, ...rest);
      const made = await answerOf(response, request.method, maxAnswerBytes, payment.signal);
      cookies = response.headers.getSetCookie();
      return made;
    });
    return answer === undefined ? handler(request, ...rest) : responseOf(answer, cookies);
  };
}
