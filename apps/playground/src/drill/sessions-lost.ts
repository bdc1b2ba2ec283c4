// The row about sessions: uses of a session that was paid for, was open, and was within its limits, yet never ran.
import { type Evidence, grouped, nonceKey } from "./evidence.ts";
import type { FacilitatorCall, Transfer } from "./lane-logs.ts";
import { countedAddress } from "./over-limit.ts";
import { inHand } from "./payment-trails.ts";
import type { PlannedSession } from "./plan.ts";
import type { Row } from "./row.ts";
import { rowOf } from "./rows.ts";
import { type Sends, sendsOf } from "./sends.ts";

/** A use this close to the session's end, in milliseconds, may have come too late. */
const marginMs = 2_000;

export function sessionsLost(evidence: Evidence): Row {
  const { logs, signed } = evidence;
  const transfers = new Map(logs.transfers.map((transfer) => [nonceKey(transfer.from, transfer.nonce), transfer]));
  const calls = grouped(logs.calls, ({ payer, nonce }) => nonceKey(payer, nonce));
  const ran = new Set(logs.runs.map(({ request }) => request));
  const sends = sendsOf(evidence);
  const lost: string[] = [];
  let judged = 0;
  let died = 0;
  for (const session of toBeHeld(evidence, ran)) {
    const authorization = signed.get(session.buy.payment);
    const name = authorization && nonceKey(authorization.payer, authorization.nonce);
    const transfer = name === undefined ? undefined : transfers.get(name);
    // A client that has not paid has no session to lose.
    if (name === undefined || transfer === undefined) continue;
    const entitled = entitledUses(session, transfer, evidence, sends);
    judged += entitled.length;
    const missing = entitled.filter((id) => !ran.has(id));
    const untold = session.uses.every(({ id }) => (evidence.sent.get(id)?.times ?? 0) === 0);
    if (untold && diedTelling(calls.get(name) ?? [], transfer, evidence)) {
      died += missing.length > 0 ? 1 : 0;
      continue;
    }
    lost.push(...missing.slice(0, Math.max(0, missing.length - unpaidCalls(session, entitled.length, evidence))));
  }
  return rowOf("sessions-lost", 0, lost.length, lost, [
    `of ${judged}`,
    died > 0 ? `a kill -9 explains ${died} token(s) that died with the process that was to tell them` : undefined,
  ]);
}

/** The sessions that were bought: a payment buys one, for the client that presents it first, and is refused to the others. */
function toBeHeld({ plan, sent }: Evidence, ran: ReadonlySet<string>): PlannedSession[] {
  return [...grouped(plan.sessions.values(), ({ buy }) => buy.payment).values()].flatMap((sessions) => {
    const served = sessions.filter(({ uses }) => uses.some(({ id }) => ran.has(id)));
    if (served.length > 0) return served;
    // The client that got the token; without one, its first buyer.
    const told = sessions.find(({ buy }) => sent.get(buy.id)?.status === 201);
    return told ?? sessions.slice(0, 1);
  });
}

/** The uses that must have run by now: finished, while the session was open, and within the limits whatever came first. */
function entitledUses(session: PlannedSession, transfer: Transfer, evidence: Evidence, sends: Sends): string[] {
  const { sent, rules } = evidence;
  const route = rules.routes.get(session.buy.route);
  if (route === undefined || sends.byPayer(session.buy.payer, session.buy.route) > route.perPayer.limit) return [];
  const closesAt = transfer.at + route.openMs - marginMs;
  return session.uses
    .filter(({ client }) => sends.byAddress(countedAddress(client)) <= rules.perIp.limit)
    .map(({ id }) => id)
    .filter((id) => {
      const one = sent.get(id);
      return one?.finished === true && one.lastAt < closesAt;
    });
}

/** How many of the uses found no call left: those beyond what was bought, and what a repeated request took twice. */
function unpaidCalls({ buy, uses }: PlannedSession, entitled: number, { rules, sent }: Evidence): number {
  const calls = rules.routes.get(buy.route)?.calls;
  if (calls === undefined) return 0;
  const again = uses.reduce((total, { id }) => total + Math.max(0, (sent.get(id)?.times ?? 0) - 1), 0);
  return Math.max(0, entitled - Math.max(0, calls - again));
}

/** True where the last process that settled the session's payment was killed before its answer can have got out. */
function diedTelling(calls: readonly FacilitatorCall[], transfer: Transfer, { kills, rules }: Evidence): boolean {
  const last = calls.findLast(({ kind, at }) => kind === "settle" && at <= transfer.at);
  return kills.some(({ instance, at }) => instance === last?.instance && inHand(transfer.at, at, rules));
}
