// A route that is paid for request by request.
import { admit } from "./admit.ts";
import { paymentRequired } from "./answers.ts";
import type { RouteConfig } from "./gateway-config.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { takePayment } from "./take-payment.ts";
import { callUpstream, readAnswer, writeAnswer } from "./upstream-client.ts";

/**
 * Serves, then settles, unless the route says otherwise: nobody pays for what the upstream could not deliver. The answer is
 * kept before any money moves, so a payer whose answer was lost gets it without a second run of the upstream (unless it was
 * too large to be kept: then it is made again).
 */
export async function payPerRequest(
  context: RouteContext<Extract<RouteConfig, { kind: "per-request" }>>,
  asked: Asked,
  headers: Headers,
  ip: string,
): Promise<Response> {
  const { config, route, price } = context;
  const admitted = await admit(context, asked, headers, ip, asked.body);
  if (admitted.status === "refused") return admitted.response;
  if (admitted.status === "unpaid")
    return paymentRequired(asked.url, route, price, "payment_required", admitted.limit.headers);
  const paidBy = admitted.payment.key;
  return takePayment(context, asked, admitted, {
    order: route.order,
    serve: async ({ signal }) => callUpstream(config.upstream, { ...asked, body: await asked.body(), paidBy }, signal),
    keep: { write: writeAnswer, read: readAnswer },
    answer: ({ status, contentType, body }, told) =>
      new Response(body, { status, headers: { ...told, "content-type": contentType } }),
  });
}
