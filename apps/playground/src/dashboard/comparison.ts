// Memory and Redis side by side: two gateways each, the same attack at the same time, judged by the lanes' own logs.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Lane, startLane } from "../drill/lane.ts";
import { type Phase, playPhases } from "../drill/phases.ts";
import { traffic } from "../drill/traffic.ts";
import type { ChainName } from "../fleet/chain-name.ts";
import { privateRedis } from "../process/private-redis.ts";
import { ChildFailed } from "../process/supervisor.ts";
import { NotNow, type Outcome } from "./actions/action.ts";
import type { CompareOrder } from "./actions/run-action.ts";
import type { ComparisonState } from "./state.ts";

export interface Comparison {
  /** Throws NotNow where there is one already, or none to stop. */
  order(order: CompareOrder): Promise<Outcome>;
  state(): ComparisonState;
  /** Resolves when every process of it is gone. Idempotent. */
  close(): Promise<void>;
}

export interface ComparisonOptions {
  /** The folder of the built programs. */
  programs: URL;
  chain: ChainName;
  /** Without a Redis the memory lane runs alone. */
  redisFound: boolean;
  onChange(): void;
  /** 2 attacks twice as fast. Default 0.4: two lanes are played at once, and people watch. */
  speed?: number | undefined;
}

const gatewaysEach = 2;
/** Nothing is done to the gateways beside. */
const attacked: readonly Phase[] = [{ name: "under attack", share: 1 }];
/** How often the lanes' logs are looked at, in milliseconds. */
const lookEveryMs = 500;
/** However slow the machine is, and whatever has gone away: then it ends, in milliseconds. */
const longestMs = 180_000;

export function comparison({ programs, chain, redisFound, onChange, speed = 0.4 }: ComparisonOptions): Comparison {
  let shown: ComparisonState = { state: "idle", lanes: [] };
  let running: { stop: AbortController; over: Promise<void> } | undefined;
  let closed = false;
  const show = (change: Partial<ComparisonState>) => {
    shown = { ...shown, ...change };
    onChange();
  };

  const run = async (stop: AbortSignal): Promise<void> => {
    const directory = mkdtempSync(join(tmpdir(), "tollbooth-comparison-"));
    const ending: (() => Promise<unknown>)[] = [async () => rmSync(directory, { recursive: true, force: true })];
    const failed = new AbortController();
    const signal = AbortSignal.any([stop, failed.signal, AbortSignal.timeout(longestMs)]);
    const lanes: Lane[] = [];
    let lastWords = "";
    const onStderr = (text: string) => {
      lastWords = text.trim().split("\n", 1).join().slice(0, 300) || lastWords;
    };
    const start = async (provider: string, env: Record<string, string>) => {
      const logDirectory = join(directory, provider);
      mkdirSync(logDirectory);
      const configFile = fileURLToPath(new URL(`../drill/${provider}.yaml`, programs));
      const fleet = { programs, logDirectory, chain, configFile, instances: gatewaysEach, port: 0, env };
      const lane = await startLane({ provider, fleet: { ...fleet, output: "ignore", onStderr } }).catch(
        (error: unknown) => {
          // A child that ends early has told why.
          throw error instanceof ChildFailed && lastWords !== "" ? new Error(lastWords) : error;
        },
      );
      ending.unshift(() => lane.stop());
      lanes.push(lane);
      void lane.fleet.failed.then((reason) => failed.abort(new Error(`${provider}: ${reason}.`)));
      signal.throwIfAborted();
    };
    let timer: NodeJS.Timeout | undefined;
    const look = () => show({ lanes: lanes.map((lane) => lane.snapshot()) });
    try {
      await start("memory", {});
      if (redisFound) {
        const redis = await privateRedis({ onEnd: () => failed.abort(new Error("Its Redis ended by itself.")) });
        ending.unshift(() => redis.stop());
        await start("redis", { REDIS_URL: redis.url, DRILL_PREFIX: "comparison" });
      }
      show({ state: "running" });
      timer = setInterval(look, lookEveryMs);
      const attack = traffic({ light: true });
      // One failed lane ends the other, which has ended before anything is stopped.
      const played = await Promise.allSettled(
        lanes.map((lane) =>
          playPhases(lane, attack, attacked, { signal, speed }).catch((error: unknown) => fail(error)),
        ),
      );
      for (const one of played) if (one.status === "rejected") throw one.reason;
      look();
    } finally {
      clearInterval(timer);
      for (const end of ending) await end().catch(() => undefined);
    }

    function fail(error: unknown): never {
      failed.abort(error);
      throw error;
    }
  };

  const begin = () => {
    const stop = new AbortController();
    shown = { state: "starting", lanes: [] };
    onChange();
    const over = run(stop.signal)
      .then(
        () => show({ state: "done" }),
        (error: unknown) => {
          const lanes = shown.lanes.map((lane) => ({ ...lane, phase: "stopped" }));
          const reason = error instanceof Error ? error.message : "no reason";
          if (stop.signal.aborted) show({ state: "idle", lanes, message: "It was stopped before its end." });
          else show({ state: "failed", lanes, message: `It failed: ${reason}` });
        },
      )
      .finally(() => {
        running = undefined;
        onChange();
      });
    running = { stop, over };
  };
  const end = async () => {
    if (running === undefined) return;
    show({ state: "stopping" });
    running.stop.abort(new Error("Stopped."));
    await running.over;
  };

  return {
    state: () => shown,
    close() {
      closed = true;
      return end();
    },
    async order(order) {
      if (order === "start") {
        if (closed) throw new NotNow("Everything is being stopped.");
        if (running !== undefined) throw new NotNow("A comparison is running; stop it first.");
        begin();
        const sides = redisFound ? "Memory and Redis meet the same attack now" : "Memory meets the attack alone now";
        const outcome = `${sides}; the rows fill as their logs do.`;
        return { title: "Run the comparison", outcome, ok: true, answers: [], curl: [] };
      }
      if (running === undefined) throw new NotNow("No comparison is running.");
      await end();
      const outcome = "It was stopped, and every process of it is gone.";
      return { title: "Stop the comparison", outcome, ok: true, answers: [], curl: [] };
    },
  };
}
