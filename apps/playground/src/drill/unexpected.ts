// Which requests got an answer that the plan does not allow: told as errors beside the verdicts, which judge by the logs.
import { type Evidence, nonceKey, type Rules, type Sent } from "./evidence.ts";
import { countedAddress } from "./over-limit.ts";
import type { Paying, Plan } from "./plan.ts";
import { type Sends, sendsOf } from "./sends.ts";
import type { DrillRequest } from "./trace.ts";

/**
 * The ids, in the plan's order. 429 is wrong for a client that stayed below every limit, and every answer is where a payment was
 * refused to all who presented it.
 */
export function unexpectedAnswers(evidence: Evidence): string[] {
  const { plan, sent, rules } = evidence;
  const sends = sendsOf(evidence);
  const refused = refusedPayments(evidence);
  return [...plan.requests.values()]
    .filter((request) => {
      const one = sent.get(request.id);
      if (one?.finished !== true) return false;
      const presents = request.action === "pay" || request.action === "buy";
      return (presents && refused.has(request.payment)) || !expected(request, one, plan, rules, sends);
    })
    .map(({ id }) => id);
}

/** Payments that bought nothing: no handler ran and no money moved, though no limit was in the way of any who presented them. */
function refusedPayments({ plan, sent, logs, signed }: Evidence): Set<string> {
  const ran = new Set(logs.runs.map(({ request }) => request));
  const paid = new Set(logs.transfers.map(({ from, nonce }) => nonceKey(from, nonce)));
  const refused = [...plan.payments].filter(([payment, requests]) => {
    const authorization = signed.get(payment);
    const bought =
      requests.some(({ id }) => ran.has(id)) ||
      (authorization !== undefined && paid.has(nonceKey(authorization.payer, authorization.nonce)));
    const conflicts = requests.every(({ id }) => sent.get(id)?.finished === true && sent.get(id)?.status === 409);
    return !bought && conflicts;
  });
  return new Set(refused.map(([payment]) => payment));
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
      // A session that was bought and told before is told again.
      return request.action !== "ask" && (request.action !== "buy" || one.times > 1 || isPresentedTwice(request, plan));
    case 201:
      return request.action === "buy";
    case 409:
      // A client that asks again with its own Idempotency-Key gets what it paid for. One loses only where another presents it too.
      return (request.action === "pay" || request.action === "buy") && isContested(request, plan);
    default:
      return false;
  }
}

const presentersOf = ({ payment }: Paying, { payments }: Plan) => payments.get(payment) ?? [];

const isPresentedTwice = (request: Paying, plan: Plan) => presentersOf(request, plan).length > 1;

const isContested = (request: Paying, plan: Plan) => presentersOf(request, plan).some((one) => plan.isReplay(one));

function mayBeLimited(request: DrillRequest, plan: Plan, rules: Rules, sends: Sends): boolean {
  if (sends.byAddress(countedAddress(request.client)) > rules.perIp.limit) return true;
  const payer = plan.payerOf(request);
  const route = rules.routes.get(request.route);
  return payer !== undefined && route !== undefined && sends.byPayer(payer, request.route) > route.perPayer.limit;
}
