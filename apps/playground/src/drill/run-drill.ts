// The drill itself: the same traffic against one lane after the other, and the report of what their logs prove.
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../command-line.ts";
import type { ChainName } from "../fleet/chain-name.ts";
import { ChildFailed } from "../process/supervisor.ts";
import { type DoubtWatch, watchDoubts } from "./doubts.ts";
import type { DrillRedis } from "./drill-redis.ts";
import { startLane } from "./lane.ts";
import { chaosPhases, playPhases, quietPhases } from "./phases.ts";
import { type DrillReport, type LaneReport, memoryMustFail, type PhaseReport, shortcomings } from "./report.ts";
import { checkRoutes } from "./rules.ts";
import { watchMetrics } from "./scrapes.ts";
import { watchStalls } from "./stalls.ts";
import type { DrillRequest } from "./trace.ts";

/** Something ended that must not: the drill has no result. */
export class DrillFailed extends Error {
  override readonly name = "DrillFailed";
}

export interface LanePlan {
  name: string;
  configFile: string;
  /** Whether it is to hold every row, whatever is done to it. */
  shared: boolean;
}

export interface DrillOptions {
  /** The folder of the built programs. */
  programs: URL;
  lanes: readonly LanePlan[];
  chain: ChainName;
  instances: number;
  requests: readonly DrillRequest[];
  /** "seed 1", or a file's name. */
  source: string;
  /** Whether the traffic is ours, and so certain to break what can break. */
  ownTraffic: boolean;
  speed: number;
  redis: DrillRedis;
  /** A folder below which each lane gets one of its own. */
  logDirectory: string;
  signal: AbortSignal;
  /** A line for the terminal. */
  say(line: string): void;
}

/** Rejects with the signal's reason, a UsageError, a ChildFailed or a DrillFailed; then everything it started has ended. */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const { lanes, chain, instances, requests, source, ownTraffic, redis, signal } = options;
  const startedAt = new Date();
  const begun = performance.now();
  const reports: LaneReport[] = [];
  for (const plan of lanes) {
    signal.throwIfAborted();
    reports.push(await runLane(plan, options));
  }
  const reasons = shortcomings(reports, ownTraffic ? memoryMustFail : "any");
  return {
    version: 1,
    startedAt: startedAt.toISOString(),
    seconds: secondsSince(begun),
    traffic: { source, requests: requests.length },
    instances,
    chain,
    redis: redis.where,
    ok: reasons.length === 0,
    reasons,
    lanes: reports,
  };
}

async function runLane({ name, configFile, shared }: LanePlan, options: DrillOptions): Promise<LaneReport> {
  const { programs, chain, instances, requests, redis, speed, say } = options;
  const logs = join(options.logDirectory, name);
  if (existsSync(logs))
    throw new UsageError(`There are logs of another drill in ${logs}; choose another --logs folder.`);
  mkdirSync(logs, { recursive: true });
  const begun = performance.now();
  let lastWords = "";
  const env = { REDIS_URL: redis.url, DRILL_PREFIX: redis.prefixOf(name) };
  say(`${name}: starting ${instances} gateways`);
  const scrapes = watchMetrics();
  const lane = await startLane({
    provider: name,
    fleet: {
      programs,
      logDirectory: logs,
      chain,
      configFile,
      instances,
      port: 0,
      env,
      output: "ignore",
      onReport: scrapes.heard,
      onStderr(text) {
        lastWords = `${lastWords}${text}`.slice(-2_000);
        appendFileSync(join(logs, "stderr.log"), text);
      },
    },
  }).catch(async (error: unknown) => {
    await scrapes.stop();
    if (error instanceof ChildFailed) throw new ChildFailed(lastWords.trim() || error.message, error.exitCode);
    throw error;
  });
  const stalls = watchStalls(join(logs, "heartbeat"));
  const ended = endedEarly([
    options.signal,
    lane.fleet.failed.then((reason) => `${name}: ${reason}`),
    shared ? redis.lost : new Promise(() => undefined),
  ]);
  let doubts: DoubtWatch | undefined;
  try {
    checkRoutes(requests, lane.rules);
    if (shared) doubts = await watchDoubts(configFile, { ...process.env, GATEWAY_INSTANCE: "drill", ...env });
    const phases = shared ? chaosPhases(instances, redis.restart) : quietPhases();
    const done: PhaseReport[] = [];
    let told = 0;
    const playing = playPhases(lane, requests, phases, { speed, signal: ended.signal }, (phase) => {
      done.push({ ...phase, requests: lane.sent.size - told, stores: lane.storeTimes(phase.name) });
      told = lane.sent.size;
      say(`${name}: ${phase.name}, ${phase.seconds.toFixed(1)} s`);
    });
    await Promise.race([playing, ended.early]);
    const inDoubt = await doubts?.settled(ended.signal);
    // To look up a request of the report: when it was sent, how often, and what was answered.
    const sent = [...lane.sent].map(([id, one]) => `${JSON.stringify({ id, ...one })}\n`);
    writeFileSync(join(logs, "requests.jsonl"), sent.join(""));
    return {
      ...lane.snapshot(),
      shared,
      seconds: secondsSince(begun),
      phases: done,
      kills: lane.kills,
      doubts: inDoubt,
      scraped: scrapes.state(),
      stalledMs: stalls.longestMs(),
      logs,
    };
  } finally {
    ended.finish();
    await scrapes.stop();
    await Promise.all([lane.stop(), stalls.stop(), doubts?.stop()]);
  }
}

const secondsSince = (begun: number) => Math.round((performance.now() - begun) / 100) / 10;

/** One signal of several reasons to end; `early` rejects with the first of them. */
function endedEarly([outer, ...reasons]: readonly [AbortSignal, ...Promise<string>[]]): {
  signal: AbortSignal;
  early: Promise<never>;
  finish(): void;
} {
  const ending = new AbortController();
  const stop = () => ending.abort(outer.reason);
  outer.addEventListener("abort", stop, { once: true });
  if (outer.aborted) stop();
  for (const reason of reasons)
    void reason.then((text) => ending.abort(new DrillFailed(`${text}: the drill is over.`)));
  const early = new Promise<never>((_, reject) => {
    const tell = () => reject(ending.signal.reason);
    ending.signal.addEventListener("abort", tell, { once: true });
    if (ending.signal.aborted) tell();
  });
  early.catch(() => undefined);
  return {
    signal: ending.signal,
    early,
    finish() {
      outer.removeEventListener("abort", stop);
      // Whatever still plays, because it failed elsewhere, ends too.
      ending.abort(new DrillFailed("The lane is over."));
    },
  };
}
