// One lane of the drill: a fleet on one kind of store, and what its logs prove so far. The dashboard shows the same.
import { type SandboxControls, sandboxControls } from "@tollbooth-stores/sandbox";
import { type Fleet, type FleetOptions, startFleet } from "../fleet/start-fleet.ts";
import { type Kill, nonceKey, type Outage, type Rules, type Sent } from "./evidence.ts";
import { laneLogs } from "./lane-logs.ts";
import { type LogWatch, logWatch } from "./log-watch.ts";
import { planOf } from "./plan.ts";
import { type PlayOptions, player } from "./play.ts";
import type { Row } from "./row.ts";
import { rulesOf } from "./rules.ts";
import { type StoreTimes, watchStoreTimes } from "./store-times.ts";
import type { DrillRequest } from "./trace.ts";
import { unexpectedAnswers } from "./unexpected.ts";
import { verdicts } from "./verdicts.ts";
import { wallets } from "./wallets.ts";

/** How far a lane is, and what its logs say. */
export interface LaneSnapshot {
  /** E.g. "memory", "redis". */
  provider: string;
  /** Gateways up just now. */
  instances: number;
  /** What is being done to it, e.g. "steady", "rolling restart"; "done" at the end. */
  phase: string;
  /** Requests handed to `play` so far, and how many of them have their last answer. */
  requests: number;
  answered: number;
  /** Requests that were sent again, as a client should after 503 or a lost connection. */
  retried: number;
  /** Requests that never got an answer that the plan allows, by id. */
  errors: readonly string[];
  /** What the stores took of it. */
  stores: StoreTimes;
  rows: readonly Row[];
  finished: boolean;
}

export interface LaneOptions {
  /** E.g. "memory": for the table only; `configFile` decides. */
  provider: string;
  /** As `startFleet` takes them. The folder must be a new one: the lane's verdicts come from its logs. */
  fleet: FleetOptions;
}

/** A fleet under traffic. Two lanes may run at once, each with the same traffic. */
export interface Lane {
  provider: string;
  fleet: Fleet;
  rules: Rules;
  /** Plays requests that were not played before; sessions may go on from one play to the next. Rejects where aborted. */
  play(requests: readonly DrillRequest[], options?: PlayOptions): Promise<void>;
  /** What `kill` has killed. */
  readonly kills: readonly Kill[];
  /** Runs `restart`, remembered: what was in hand when the Redis died may be taken up again. */
  restartRedis(restart: () => Promise<void>): Promise<void>;
  /** What was sent and answered so far, by request id. */
  readonly sent: ReadonlyMap<string, Sent>;
  /** What the logs say so far. */
  readonly logs: Pick<ReturnType<typeof laneLogs>, "read">;
  /** For waiting for what they will say. */
  readonly watch: LogWatch;
  /** What the lane's ledger is to do wrong. */
  readonly ledger: Pick<SandboxControls, "fault" | "reset">;
  /** What is being done to it, for the snapshots; "done" finishes the lane. */
  phase(name: string): void;
  /** What the stores took while this was being done to it. */
  storeTimes(phase: string): StoreTimes;
  /** kill -9 of one instance, remembered: it may explain a repetition. Returns its process id. */
  kill(instance: string): number | undefined;
  /** What the logs prove so far; cheap enough for a few times a second. */
  snapshot(): LaneSnapshot;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Rejects, with everything stopped, where a part does not come up. */
export async function startLane({ provider, fleet: options }: LaneOptions): Promise<Lane> {
  const startedAt = Date.now();
  const storeTimes = watchStoreTimes();
  const fleet = await startFleet({
    ...options,
    onReport(instance, report) {
      storeTimes.heard(report);
      options.onReport?.(instance, report);
    },
  });
  const rules = rulesOf(fleet.config);
  const plan = planOf();
  const kills: Kill[] = [];
  const outages: Outage[] = [];
  const keys = wallets(fleet.url, fleet.ledger.url, rules.routes);
  const logs = laneLogs(options.logDirectory);
  const watch = logWatch(logs.read);
  const settling = (payment: string, signal: AbortSignal) =>
    watch.until(({ calls }) => {
      const { payer = "", nonce = "" } = keys.signed.get(payment) ?? {};
      const own = nonceKey(payer, nonce);
      return calls.find((call) => call.kind === "settle" && nonceKey(call.payer, call.nonce) === own);
    }, signal);
  const { sent, play } = player({ url: fleet.url, routes: rules.routes, wallets: keys, settling });
  let phase = "starting";
  return {
    provider,
    fleet,
    rules,
    kills,
    sent,
    logs,
    watch,
    ledger: sandboxControls(() => ({ ...fleet, logDirectory: options.logDirectory })),
    async play(requests, playOptions) {
      plan.add(requests);
      await play(requests, playOptions);
    },
    phase(name) {
      phase = name;
      storeTimes.phase(name);
    },
    storeTimes: (name) => storeTimes.state(name),
    kill(instance) {
      const pid = fleet.instances.list().find(({ name }) => name === instance)?.pid;
      if (pid !== undefined) kills.push({ instance: `${instance}/${pid}`, at: Date.now() });
      return fleet.instances.kill(instance);
    },
    async restartRedis(restart) {
      const outage = { from: Date.now(), to: Number.POSITIVE_INFINITY };
      outages.push(outage);
      await restart();
      outage.to = Date.now();
    },
    snapshot() {
      const evidence = { plan, rules, sent, kills, outages, startedAt, signed: keys.signed, logs: logs.read() };
      const answers = [...sent.values()];
      const answered = answers.filter(({ finished }) => finished);
      return {
        provider,
        instances: fleet.instances.list().filter(({ state }) => state === "ready").length,
        phase,
        requests: plan.requests.size,
        answered: answered.length,
        retried: answers.filter(({ times }) => times > 1).length,
        errors: unexpectedAnswers(evidence),
        stores: storeTimes.state(),
        rows: verdicts(evidence),
        finished: phase === "done",
      };
    },
    stop: () => fleet.stop(),
  };
}
