// A lane's logs made by hand, for the tests of the verdicts: everything that was planned went well unless a test says otherwise.
import type { Evidence, Kill, Outage, Rules, Sent } from "./evidence.ts";
import type { FacilitatorCall, Run, Transfer } from "./lane-logs.ts";
import { planOf } from "./plan.ts";
import type { Row, RowKey } from "./row.ts";
import { requestsOf, type TraceEvent } from "./trace.ts";
import { verdicts } from "./verdicts.ts";

/** When the lane started, and so the trace's instant 0, in Unix epoch milliseconds. */
export const startedAt = 1_700_000_000_000;

export const rules: Rules = {
  perIp: { limit: 4, window: 3_600_000 },
  stepMs: 5_000,
  routes: new Map([
    route("/quote", "per-request", 0),
    route("/report", "per-request", 0),
    route("/stream", "time-window", 60_000),
    route("/search", "calls", 60_000, 3),
  ]),
};

function route(
  path: string,
  kind: "per-request" | "time-window" | "calls",
  openMs: number,
  calls?: number,
): [string, ReturnType<Rules["routes"]["get"]> & object] {
  return [path, { method: "GET", kind, perPayer: { limit: 3, window: 3_600_000 }, openMs, calls }];
}

export interface HandMade {
  runs: Run[];
  calls: FacilitatorCall[];
  transfers: Transfer[];
  sent: Map<string, Sent>;
  kills: Kill[];
  evidence: Evidence;
  /** More log lines. `at` is since the start. */
  run(at: number, request: string, instance?: string, paidBy?: string): void;
  call(kind: "verify" | "settle", at: number, payment: string, instance?: string): void;
  transfer(at: number, payment: string): void;
  kill(at: number, instance: string): void;
  outage(from: number, to: number): void;
}

const answered = (status: number, at: number): Sent => ({
  times: 1,
  lastAt: startedAt + at,
  finished: true,
  status,
  ms: 5,
  problem: undefined,
});

/** Plans the events, ids `t-1` and on. Nothing is in the logs yet; every request was sent once and answered. */
export function handMade(events: readonly TraceEvent[]): HandMade {
  const plan = planOf(requestsOf(events, "t"));
  const runs: Run[] = [];
  const calls: FacilitatorCall[] = [];
  const transfers: Transfer[] = [];
  const kills: Kill[] = [];
  const outages: Outage[] = [];
  const sent = new Map<string, Sent>();
  const status = { ask: 402, pay: 200, buy: 201, use: 200 };
  for (const request of plan.requests.values()) {
    const presents = request.action === "pay" || request.action === "buy";
    sent.set(request.id, answered(presents && plan.isReplay(request) ? 409 : status[request.action], request.at));
  }
  const signed = new Map(
    [...plan.payments.keys()].map((payment) => [payment, { payer: "0xA", nonce: `0x${payment}` }]),
  );
  return {
    ...{ runs, calls, transfers, sent, kills },
    evidence: { plan, rules, sent, kills, outages, startedAt, signed, logs: { runs, calls, transfers } },
    run(at, request, instance = "gateway-1/1", paidBy) {
      const planned = plan.requests.get(request);
      const payment = planned?.action === "pay" ? planned.payment : "session";
      runs.push({ at: startedAt + at, request, paidBy: paidBy ?? payment, instance });
    },
    call(kind, at, payment, instance = "gateway-1/1") {
      calls.push({ kind, at: startedAt + at, payer: "0xa", nonce: `0x${payment}`, instance });
    },
    transfer(at, payment) {
      transfers.push({ at: startedAt + at, from: "0xA", nonce: `0x${payment}` });
    },
    outage(from, to) {
      outages.push({ from: startedAt + from, to: startedAt + to });
    },
    kill(at, instance) {
      kills.push({ at: startedAt + at, instance });
    },
  };
}

/** One payment from beginning to end. */
export function served(lane: HandMade, at: number, request: string, payment: string, instance = "gateway-1/1"): void {
  lane.call("verify", at, payment, instance);
  lane.run(at + 1, request, instance);
  lane.call("settle", at + 2, payment, instance);
  lane.transfer(at + 3, payment);
}

/** The lane's row `key`. */
export function rowOfLane(lane: HandMade, key: RowKey): Row {
  const found = verdicts(lane.evidence).find((one) => one.key === key);
  if (found === undefined) throw new Error(`There is no row ${key}.`);
  return found;
}

/** The rows that are red, with their values. */
export const redRows = (lane: HandMade): Record<string, number> =>
  Object.fromEntries(verdicts(lane.evidence).flatMap(({ key, ok, value }) => (ok ? [] : [[key, value]])));

/** `client` presents the payment at the start. */
export const presents = (client: string, payment: string, more: Partial<TraceEvent> = {}): TraceEvent => ({
  at: 0,
  client,
  payment,
  ...more,
  action: "pay",
});
