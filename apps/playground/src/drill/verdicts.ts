// The drill's verdicts: a pure function of the logs and the plan. What the gateways say of themselves plays no part.
import { type Evidence, grouped, hasContent } from "./evidence.ts";
import { overLimit } from "./over-limit.ts";
import { paidNotDelivered } from "./paid-not-delivered.ts";
import { diedRuns, explainedVerifies, outageVerifies, paymentTrails, type Trail } from "./payment-trails.ts";
import type { PlannedSession } from "./plan.ts";
import type { Row, RowKey } from "./row.ts";
import { rowOf } from "./rows.ts";
import { servedNotPaid } from "./served-not-paid.ts";
import { sessionsLost } from "./sessions-lost.ts";

/** All rows, in order. Pure; a few milliseconds for a thousand requests. */
export function verdicts(evidence: Evidence): Row[] {
  const trails = paymentTrails(evidence);
  return [
    overLimit(evidence),
    sessionsLost(evidence),
    verifiesPerPayment(trails, evidence),
    runsPerPayment(trails, evidence),
    transfersPerPayment(trails),
    replaysAccepted(trails, evidence),
    paidNotServed(trails, evidence),
    paidNotDelivered(trails, evidence),
    servedNotPaid(evidence),
  ];
}

/** The row of something that a payment may have once: the most that any had, and the requests of those with more. */
function oncePerPayment(
  key: RowKey,
  trails: readonly Trail[],
  count: (trail: Trail) => number,
  notes: readonly (string | undefined)[],
): Row {
  const more = trails.filter((trail) => count(trail) > 1);
  const most = trails.reduce((value, trail) => Math.max(value, count(trail)), 0);
  const many = more.length > 0 ? `${payments(more.length)} had more than one` : undefined;
  return rowOf(
    key,
    1,
    most,
    more.flatMap(({ requests }) => requests),
    [many, ...notes],
  );
}

const payments = (count: number) => (count === 1 ? "1 payment" : `${count} payments`);
const explainedBy = (count: number, what: string) => (count === 0 ? undefined : `a kill -9 explains ${count} ${what}`);
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function verifiesPerPayment(trails: readonly Trail[], evidence: Evidence): Row {
  const byKill = sum(trails.map((trail) => explainedVerifies(trail, evidence)));
  const byOutage = sum(trails.map((trail) => outageVerifies(trail, evidence)));
  const calls = (count: number) => (count === 1 ? "second call" : "second calls");
  return oncePerPayment(
    "verifies-per-payment",
    trails,
    (trail) => trail.verifies.length - explainedVerifies(trail, evidence) - outageVerifies(trail, evidence),
    [
      explainedBy(byKill, calls(byKill)),
      byOutage > 0 ? `the Redis's own death explains ${byOutage} ${calls(byOutage)}` : undefined,
    ],
  );
}

function runsPerPayment(trails: readonly Trail[], evidence: Evidence): Row {
  const excused = sum(trails.map((trail) => diedRuns(trail, evidence).length));
  return oncePerPayment("runs-per-payment", trails, (trail) => trail.runs.length - diedRuns(trail, evidence).length, [
    explainedBy(excused, excused === 1 ? "second run" : "second runs"),
  ]);
}

function transfersPerPayment(trails: readonly Trail[]): Row {
  const attempts = trails.reduce((most, { settles }) => Math.max(most, settles.length), 0);
  return oncePerPayment("transfers-per-payment", trails, ({ transfers }) => transfers.length, [
    attempts > 1
      ? `up to ${attempts} settle calls for one payment; the chain's nonce let one through`
      : "one settle call each",
  ]);
}

/**
 * A payment buys once, whichever client presents it first: it names its payer, not its bearer. A replay is accepted where a payment
 * that another client presented too, or for another route, was served more than once, or was served to them after it
 * had been settled.
 */
function replaysAccepted(trails: readonly Trail[], evidence: Evidence): Row {
  const { plan } = evidence;
  const isReplay = (id: string) => {
    const request = plan.requests.get(id);
    return request?.action === "pay" && plan.isReplay(request);
  };
  let count = 0;
  const requests: string[] = [];
  for (const trail of trails) {
    const died = new Set(diedRuns(trail, evidence));
    const runs = trail.runs.filter((run) => !died.has(run));
    const replayed = runs.filter((run) => isReplay(run.request));
    const [transfer] = trail.transfers;
    const late = replayed.filter((run) => transfer !== undefined && run.at > transfer.at);
    // Where the replay came first, it is the owner's own run that is one too many.
    const ran = replayed.length === runs.length ? Math.max(runs.length - 1, late.length) : replayed.length;
    const handedOut = contentBeyondOne(trail, evidence);
    const accepted = Math.max(ran, handedOut.length);
    if (accepted === 0) continue;
    count += accepted;
    requests.push(...replayed.map(({ request }) => request), ...handedOut);
  }
  for (const { buy, uses } of sessionsReplayed(evidence)) {
    count += 1;
    requests.push(buy.id, ...uses.map(({ id }) => id));
  }
  const tried = [...plan.payments.values()].flat().filter((request) => plan.isReplay(request)).length;
  return rowOf("replays-accepted", 0, count, requests, [`of ${tried} tried`]);
}

/** What was kept needs no run to be given away: requests that got it, of others than the first who did. */
function contentBeyondOne({ requests }: Trail, { plan, sent }: Evidence): string[] {
  const got = requests.filter((id) => hasContent(sent.get(id)));
  const whoOf = (id: string) => {
    const request = plan.requests.get(id);
    return `${request?.client} ${request?.route}`;
  };
  const perClient = new Map(got.map((id) => [whoOf(id), id]));
  const isReplay = (id: string) => {
    const request = plan.requests.get(id);
    return (request?.action === "pay" || request?.action === "buy") && plan.isReplay(request);
  };
  return perClient.size < 2 ? [] : [...perClient.values()].filter(isReplay);
}

/** Sessions that another client bought with a payment that had bought one: a purchase shows by its uses only. */
function sessionsReplayed({ plan, logs }: Evidence): PlannedSession[] {
  const ran = new Set(logs.runs.map(({ request }) => request));
  const used = [...plan.sessions.values()].filter(({ uses }) => uses.some(({ id }) => ran.has(id)));
  return [...grouped(used, ({ buy }) => buy.payment).values()].flatMap((sessions) => {
    const replayed = sessions.filter(({ buy }) => plan.isReplay(buy));
    // The first client is served, whichever it was.
    return replayed.length === sessions.length ? replayed.slice(1) : replayed;
  });
}

/** Money moved for a request, and no handler ever ran for it. What was paid for sessions is judged by their uses. */
function paidNotServed(trails: readonly Trail[], { plan }: Evidence): Row {
  const forSession = (payment = "") => plan.payments.get(payment)?.[0]?.action === "buy";
  const unserved = trails.filter(
    ({ payment, transfers, runs }) => transfers.length > 0 && runs.length === 0 && !forSession(payment),
  );
  return rowOf(
    "paid-not-served",
    0,
    unserved.length,
    unserved.flatMap(({ requests }) => requests),
  );
}
