// A route that is paid for request by request: verified once, served once, settled once, on however many instances.
import { isStoreError, payOnce } from "@tollbooth-stores/core";
import { z } from "zod";
import { admit } from "./admit.ts";
import { alreadyUsed, paymentRequired, pending, receiptHeader } from "./answers.ts";
import { nonceUsedReason, paymentSteps } from "./payment-steps.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { callUpstream, type UpstreamAnswer } from "./upstream-client.ts";

const keptAnswer = z.object({ status: z.int(), contentType: z.string(), body: z.string() });

/**
 * Serves, then settles: nobody pays for what the upstream could not deliver. The answer travels as the settlement's
 * evidence, so that a buyer whose settlement was in doubt gets it when the doubt is over, without a second handler run.
 */
export async function payPerRequest(
  context: RouteContext,
  asked: Asked,
  headers: Headers,
  ip: string,
): Promise<Response> {
  const { config, route, price, stores } = context;
  const admitted = await admit(context, asked, headers, ip, asked.body);
  if (admitted.status === "refused") return admitted.response;
  if (admitted.status === "unpaid")
    return paymentRequired(asked.url, route, price, "payment_required", admitted.limit.headers);
  const { signed, payment } = admitted;

  const steps = paymentSteps(config, price, signed);
  let served: UpstreamAnswer | undefined;
  let recovered: string | undefined;
  const paid = await payOnce<UpstreamAnswer>(stores.verifications, payment, {
    verify: steps.verify,
    async serve({ signal }) {
      served = await callUpstream(config.upstream, { ...asked, paidBy: payment.key }, signal);
      return served;
    },
    async settle(step) {
      // An answer too large to be kept is given up only if the settlement is in doubt.
      await step.note(JSON.stringify(served)).catch((error: unknown) => {
        if (!isStoreError(error, "STORE_VALUE_TOO_LARGE")) throw error;
      });
      return steps.settle(step);
    },
    async findSettlement(evidence, step) {
      const found = await steps.findSettlement(evidence, step);
      if (typeof found === "object") recovered = evidence;
      return found;
    },
  });
  switch (paid.status) {
    case "paid": {
      const answer = paid.fresh
        ? paid.result
        : recovered === undefined
          ? undefined
          : keptAnswer.parse(JSON.parse(recovered));
      // A settled authorization is public on the chain: whoever presents it again proves nothing and gets nothing.
      if (answer === undefined) return alreadyUsed(admitted.headers);
      return new Response(answer.body, {
        status: answer.status,
        headers: {
          ...admitted.headers,
          ...receiptHeader(paid.receipt),
          "content-type": answer.contentType,
          "cache-control": "no-store",
        },
      });
    }
    case "rejected":
      if (paid.reason === nonceUsedReason) return alreadyUsed(admitted.headers);
      return paymentRequired(asked.url, route, price, paid.reason, admitted.headers);
    case "conflict":
      return alreadyUsed(admitted.headers);
    case "pending":
      return pending(paid.retryAfterMs, admitted.headers);
  }
}
