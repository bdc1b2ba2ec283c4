// A route that is paid for request by request: verified once, served once, settled once, on however many instances.
import { isStoreError, type PaymentSteps, payOnce } from "@tollbooth-stores/core";
import { admit } from "./admit.ts";
import { alreadyUsed, paymentRequired, pending, receiptHeader } from "./answers.ts";
import { nonceUsedReason, paymentSteps } from "./payment-steps.ts";
import type { Asked, RouteContext } from "./request-context.ts";
import { callUpstream, readAnswer, type UpstreamAnswer, writeAnswer } from "./upstream-client.ts";

/**
 * Serves, then settles: nobody pays for what the upstream could not deliver. The answer travels as the settlement's
 * evidence, so that a buyer whose settlement was in doubt gets it when the doubt is over, without a second handler run
 * (unless the answer was too large to be kept, or the instance died before it could be: then it is made again).
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
  const run = (signal: AbortSignal) => callUpstream(config.upstream, { ...asked, paidBy: payment.key }, signal);
  let served: string | undefined;
  let recovered: UpstreamAnswer | undefined;
  const all: PaymentSteps<UpstreamAnswer> = {
    verify: admitted.limited(steps.verify),
    async serve({ signal }) {
      const answer = await run(signal);
      served = writeAnswer(answer);
      return answer;
    },
    async settle(step) {
      await step.note(served ?? "").catch((error: unknown) => {
        if (!isStoreError(error, "STORE_VALUE_TOO_LARGE")) throw error;
      });
      return steps.settle(step);
    },
    async findSettlement(evidence, step) {
      const found = await steps.findSettlement(evidence, step);
      // Paid for, so owed; what throws here leaves the payment in doubt, and the buyer may ask again.
      if (typeof found === "object") recovered = evidence ? readAnswer(evidence) : await run(step.signal);
      return found;
    },
  };
  const paid = await payOnce(stores.verifications, payment, all, { leaseMs: config.paymentLeaseMs });
  switch (paid.status) {
    case "paid": {
      const answer = paid.fresh ? paid.result : recovered;
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
