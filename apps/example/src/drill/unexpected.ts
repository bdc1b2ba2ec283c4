// Which requests got an answer that the plan does not allow: told as errors beside the verdicts, which judge by the logs.
import type { Evidence, Rules, Sent } from "./evidence.ts";
import { countedAddress } from "./over-limit.ts";
import type { Plan } from "./plan.ts";
import { type Sends, sendsOf } from "./sends.ts";
import type { DrillRequest } from "./trace.ts";

/** The ids, in the plan's order. 429 is wrong for whoever stayed below every limit. */
export function unexpectedAnswers(evidence: Pick<Evidence, "plan" | "sent" | "rules">): string[] {
  const { plan, sent, rules } = evidence;
  const sends = sendsOf(evidence);
  return [...plan.requests.values()]
    .filter((request) => {
      const one = sent.get(request.id);
      return one?.finished === true && !expected(request, one, plan, rules, sends);
    })
    .map(({ id }) => id);
}

function expected(request: DrillRequest, one: Sent, plan: Plan, rules: Rules, sends: Sends): boolean {
  // A token that never came is judged with the session.
  if (one.problem === "no-session") return true;
  switch (one.status) {
    case 429:
      return mayBeLimited(request, plan, rules, sends);
    case 402:
      return request.action === "ask" || request.action === "use";
    case 200:
      return request.action === "pay" || request.action === "use";
    case 201:
      return request.action === "buy";
    case 409: {
      if (request.action !== "pay" && request.action !== "buy") return false;
      // Somebody else presented it, or an earlier answer to this very request was lost.
      return one.times > 1 || (plan.payments.get(request.payment)?.length ?? 0) > 1;
    }
    default:
      return false;
  }
}

function mayBeLimited(request: DrillRequest, plan: Plan, rules: Rules, sends: Sends): boolean {
  if (sends.byAddress(countedAddress(request.client)) > rules.perIp.limit) return true;
  const payer = plan.payerOf(request);
  const route = rules.routes.get(request.route);
  return payer !== undefined && route !== undefined && sends.byPayer(payer, request.route) > route.perPayer.limit;
}
