// The row about handler runs for which no money ever moved: nothing is free.
import { type Evidence, grouped, nonceKey } from "./evidence.ts";
import type { Run } from "./lane-logs.ts";
import type { Row } from "./row.ts";
import { rowOf } from "./rows.ts";

/** A request is served before it is settled: it is judged once all who present its payment have their last answer. */
export function servedNotPaid({ plan, logs, signed, sent }: Evidence): Row {
  const transferred = new Set(logs.transfers.map(({ from, nonce }) => nonceKey(from, nonce)));
  const isPaid = (payment: string | undefined) => {
    const authorization = payment === undefined ? undefined : signed.get(payment);
    return authorization !== undefined && transferred.has(nonceKey(authorization.payer, authorization.nonce));
  };
  const isOver = (payment: string) =>
    (plan.payments.get(payment) ?? []).every(({ id }) => sent.get(id)?.finished === true);
  /** What the run was for; its own request where that pays nothing. */
  const boughtWith = ({ request: id }: Run) => {
    const request = plan.requests.get(id);
    if (request === undefined || request.action === "ask") return undefined;
    return request.action === "use" ? plan.sessions.get(request.session)?.buy.payment : request.payment;
  };
  const unpaid = logs.runs.filter((run) => {
    const payment = boughtWith(run);
    if (payment === undefined) return true;
    // Sessions are settled before they are told.
    const early = plan.requests.get(run.request)?.action !== "use" && !isOver(payment);
    return !isPaid(payment) && !early;
  });
  // A payment that ran twice and was never paid for is one that was not.
  const count = grouped(unpaid, (run) => boughtWith(run) ?? `run of ${run.request}`).size;
  return rowOf(
    "served-not-paid",
    0,
    count,
    unpaid.map(({ request }) => request),
  );
}
