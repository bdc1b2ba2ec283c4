// Two gateways with the dashboard before them, on a real Redis or on memory, for one test file: started once, always stopped.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { readLog, testConfig } from "@tollbooth-stores/sandbox";
import { afterAll, beforeAll, expect } from "vitest";
import { type Dashboard, dashboard } from "../dashboard/dashboard.ts";
import type { ActionResult, DashboardState } from "../dashboard/state.ts";
import { type Fleet, startFleet } from "../fleet/start-fleet.ts";
import { programs } from "./test-system.ts";

/** A limit that a burst meets. */
const config = testConfig.replace(
  "path: /stream, kind: time-window",
  "path: /stream, perPayer: { limit: 6, window: 1m }, kind: time-window",
);
const stores = {
  redis: `provider: redis, redis: { url: "\${REDIS_URL}", keyPrefix: dashboard }`,
  /** A mistake to be shown: each gateway has a state of its own. */
  unshared: "provider: memory, allowUnshared: true",
};

export interface DashboardFleet {
  fleet(): Fleet;
  redis(): RunningRedis;
  /** The operator's key. */
  key(): string;
  /** Presses a button, as the page does. */
  act(name: string, body?: object, headers?: Record<string, string>): Promise<Response>;
  /** The same for what must work: what it came back with. */
  done(name: string, body?: object): Promise<ActionResult>;
  /** Lines of a kind in the log of "ledger", "facilitator" or "upstream". */
  logged(log: string, kind: string): number;
  /** Reads events until the state is as `wanted`: the operator's, or with other headers another reader's. */
  stateWhere(wanted: (state: DashboardState) => boolean, headers?: Record<string, string>): Promise<DashboardState>;
}

interface Running {
  redis: RunningRedis;
  directory: string;
  shown: Dashboard;
  fleet: Fleet;
}

/** Registers the hooks; call it once at a test file's top level. */
export function dashboardFleet(on: keyof typeof stores = "redis"): DashboardFleet {
  let current: Running | undefined;
  const running = () => {
    if (current === undefined) throw new Error("The fleet is not running.");
    return current;
  };
  const urlOf = (path: string) => `${running().fleet.url}${path}`;

  beforeAll(async () => {
    const redis = await startRedis();
    const directory = mkdtempSync(join(tmpdir(), "tollbooth-dashboard-"));
    const configFile = join(directory, "gateway.yaml");
    writeFileSync(configFile, config.replace("provider: memory", stores[on]));
    const shown = dashboard({ programs, logDirectory: directory, chain: "simulated", redisFound: true });
    const env = { REDIS_URL: redis.url };
    const own = { programs, logDirectory: directory, configFile, instances: 2, port: 0, env };
    const fleet = await startFleet({ ...shown.hooks, ...own });
    shown.attach(fleet);
    current = { redis, directory, shown, fleet };
  }, 60_000);
  afterAll(async () => {
    const { redis, directory, shown, fleet } = running();
    await shown.close();
    await fleet.stop();
    await redis.stop();
    rmSync(directory, { recursive: true });
  }, 60_000);

  const self: DashboardFleet = {
    fleet: () => running().fleet,
    redis: () => running().redis,
    key: () => running().shown.key,
    act: async (name, body = {}, headers = {}) =>
      fetch(urlOf(`/dashboard/actions/${name}`), {
        method: "POST",
        headers: { "content-type": "application/json", "x-dashboard-key": self.key(), ...headers },
        body: JSON.stringify(body),
      }),
    async done(name, body) {
      const response = await self.act(name, body);
      expect(response.status).toBe(200);
      const result: ActionResult = JSON.parse(await response.text());
      return result;
    },
    logged: (log, kind) =>
      readLog(join(running().directory, `${log}.jsonl`)).filter((entry) => entry.kind === kind).length,
    async stateWhere(wanted, headers = { "x-dashboard-key": self.key() }) {
      const leave = new AbortController();
      const response = await fetch(urlOf("/dashboard/events"), { headers, signal: leave.signal });
      let text = "";
      let state: DashboardState | undefined;
      try {
        for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          const parts = (text + chunk).split("\n\n");
          text = parts.pop() ?? "";
          for (const part of parts) {
            const data = /^data: (.*)$/m.exec(part)?.[1];
            if (data !== undefined) state = { ...state, ...JSON.parse(data) };
          }
          if (state !== undefined && wanted(state)) return state;
        }
      } finally {
        leave.abort();
      }
      throw new Error("The events ended before.");
    },
  };
  return self;
}
