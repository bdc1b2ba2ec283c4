// Everything that the logs say about each payment, side by side, and which repetitions a kill -9 explains.
import { type Evidence, grouped, nonceKey, type Rules } from "./evidence.ts";
import type { FacilitatorCall, Run, Transfer } from "./lane-logs.ts";

export interface Trail {
  /** The plan's name; undefined where the logs know a payment that is not in the plan. */
  payment: string | undefined;
  verifies: readonly FacilitatorCall[];
  settles: readonly FacilitatorCall[];
  runs: readonly Run[];
  transfers: readonly Transfer[];
  /** The requests that present it; the runs' own where it is not in the plan. */
  requests: readonly string[];
}

/** How much further than the gateway's own patience a step may look from its process's death, in milliseconds. */
const slackMs = 1_000;

const byTime = <T extends { at: number }>(lines: readonly T[]): T[] => [...lines].sort((a, b) => a.at - b.at);

/** One trail for each payment that the plan or a log names. */
export function paymentTrails({ plan, logs, signed }: Evidence): Trail[] {
  const named = new Map([...signed].map(([payment, { payer, nonce }]) => [nonceKey(payer, nonce), payment]));
  const paymentOf = (payer: string, nonce: string) => named.get(nonceKey(payer, nonce)) ?? nonceKey(payer, nonce);
  const calls = grouped(logs.calls, ({ payer, nonce }) => paymentOf(payer, nonce));
  const transfers = grouped(logs.transfers, ({ from, nonce }) => paymentOf(from, nonce));
  const runs = grouped(logs.runs, (run) => {
    const request = plan.requests.get(run.request);
    // What was planned goes before what the gateway says that it was paid by.
    if (request?.action === "pay" || request?.action === "buy") return request.payment;
    return run.paidBy === "session" ? undefined : `run of ${run.paidBy}`;
  });
  const names = new Set([...plan.payments.keys(), ...calls.keys(), ...transfers.keys(), ...runs.keys()]);
  return [...names].map((name) => {
    const planned = plan.payments.get(name);
    const own = byTime(runs.get(name) ?? []);
    const called = byTime(calls.get(name) ?? []);
    return {
      payment: planned && name,
      verifies: called.filter(({ kind }) => kind === "verify"),
      settles: called.filter(({ kind }) => kind === "settle"),
      runs: own,
      transfers: byTime(transfers.get(name) ?? []),
      requests: planned?.map(({ id }) => id) ?? own.map(({ request }) => request),
    };
  });
}

/**
 * How many verifications beyond the first a kill explains: the process that had asked died before it had done anything
 * else for this payment, and the next one asked again. One for each process killed.
 */
export function explainedVerifies(trail: Trail, evidence: Evidence): number {
  return explained(trail.verifies, [...trail.runs, ...trail.settles], trail, evidence).length;
}

/**
 * How many verifications beyond the first the Redis's own death explains: one that was made while no run could go on with
 * it, for the limit by payer comes after it and is kept there. One for each outage.
 */
export function outageVerifies(trail: Trail, evidence: Evidence): number {
  const { verifies, runs, settles, transfers } = trail;
  return evidence.outages.filter(({ from, to }) => {
    const again = verifies.findIndex(({ at }, index) => index > 0 && at > from);
    const [made, next] = [verifies[again - 1], verifies[again]];
    if (made === undefined || next === undefined) return false;
    const wentOn = [...runs, ...settles, ...transfers].some(({ at }) => at >= made.at && at <= next.at);
    return !wentOn && made.at <= to + slackMs && (made.at >= from || inHand(made.at, from, evidence.rules));
  }).length;
}

/** The runs that died with their process before it had asked for the settlement: another one had to serve. */
export function diedRuns(trail: Trail, evidence: Evidence): Run[] {
  return explained(trail.runs, trail.settles, trail, evidence);
}

/** Whether a line of a process that was killed at `killedAt` tells of what it had in hand when it died. */
export function inHand(at: number, killedAt: number, { stepMs }: Rules): boolean {
  // What a process sent last may be logged after its death, however long the other one took to read it.
  return Math.abs(killedAt - at) <= stepMs + slackMs;
}

/** The steps that were the last of a killed process, and were taken again after its death. */
function explained<T extends { at: number; instance: string }>(
  steps: readonly T[],
  later: readonly { at: number; instance: string }[],
  { transfers }: Trail,
  { kills, rules }: Evidence,
): T[] {
  return kills.flatMap((kill) => {
    const last = steps.findLast(({ instance }) => instance === kill.instance);
    if (last === undefined || !inHand(last.at, kill.at, rules)) return [];
    const wentOn = later.some(({ instance, at }) => instance === kill.instance && at >= last.at);
    const died = Math.max(kill.at, last.at);
    const paid = transfers.some(({ at }) => at <= died);
    const again = steps.some(({ at, instance }) => instance !== kill.instance && at > died);
    return wentOn || paid || !again ? [] : [last];
  });
}
