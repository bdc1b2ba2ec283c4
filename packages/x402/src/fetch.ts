// The gate around a handler that speaks fetch: Next route handlers, and everything else with `(request) => Response`.
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments } from "@tollbooth-stores/core/native";
import {
  answerOf,
  beforeGate,
  contextOf,
  hideConditions,
  type PaidGate,
  type PaidOptions,
  type PaymentInHand,
  paidSettings,
  readBody,
  responseOf,
  withOwnSignal,
} from "@tollbooth-stores/http";

export type { PaidOptions } from "@tollbooth-stores/http";

/** `Req`: the framework's own request, such as NextRequest. `rest`: what it gives beside that, such as Next's `{ params }`. */
export type FetchHandler<Rest extends readonly unknown[], Req extends Request = Request> = (
  request: Req,
  ...rest: Rest
) => Response | Promise<Response>;

const payments = new WeakMap<Request, PaymentInHand>();

/** The payment that the handler answers for. Undefined where access is free, or the route is not sold. */
export function paymentOf(request: Request): PaymentInHand | undefined {
  return payments.get(request);
}

/**
 * Sells what `handler` answers: it runs at most once in a call, and its body is read whole before anything is charged. The
 * handler gets the framework's own request with its body unread, and without Range and conditional headers: a payment buys the whole
 * answer. What it throws is thrown, once the payment is free again.
 *
 * A body that does not come to its end is 400. A request that the gate does not sell is 404; with `unsold: "pass"` it goes straight
 * to the handler, its body unread. Throws STORE_CONFIG without a gate or a handler, and for options that cannot be meant.
 */
export function paid<Rest extends readonly unknown[], Req extends Request = Request>(
  gate: PaidGate,
  handler: FetchHandler<Rest, Req>,
  options?: PaidOptions,
): (request: Req, ...rest: Rest) => Promise<Response> {
  const { maxBodyBytes, maxAnswerBytes, unsold = "refuse" } = paidSettings(gate, options);
  if (typeof handler !== "function") {
    throw new StoreError(
      "STORE_CONFIG",
      "paid(): was given no handler, which makes the answer that is sold: paid(gate, handler).",
    );
  }
  return async (request, ...rest) => {
    const context = checkArguments("paid", () => contextOf(request));
    const before = beforeGate(gate, context, unsold);
    if (before === "pass") return handler(request, ...rest);
    if (before !== "ask") return responseOf(before);
    const body = await readBody(request, maxBodyBytes);
    if (!(body instanceof Uint8Array)) return responseOf(body);
    let cookies: string[] = [];
    const serve = async (payment: PaymentInHand) => {
      payments.set(request, payment);
      hideConditions(request);
      const response = await handler(request, ...rest);
      const made = await answerOf(response, request.method, maxAnswerBytes, payment.signal);
      cookies = response.headers.getSetCookie();
      return made;
    };
    const answer = await gate.handle(context, body, (payment) => withOwnSignal(payment, serve));
    return answer === undefined ? handler(request, ...rest) : responseOf(answer, cookies);
  };
}
