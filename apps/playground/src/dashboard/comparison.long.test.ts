// The comparison with real processes: one at a time, judged by the logs, and nothing of it left behind.
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { allGone } from "../testing/run-main.ts";
import { programs } from "../testing/test-system.ts";
import { NotNow } from "./actions/action.ts";
import { type Comparison, comparison } from "./comparison.ts";

/** Every process that the comparison started. */
const started = vi.hoisted((): { name: string; pid: number }[] => {
  // A file before this one in the same worker may have loaded them as they are.
  vi.resetModules();
  return [];
});
vi.mock(import("../process/supervisor.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    async startChild(program) {
      const child = await real.startChild(program);
      started.push({ name: child.name, pid: child.pid });
      return child;
    },
  };
});
vi.mock(import("../process/private-redis.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    async privateRedis(options) {
      const redis = await real.privateRedis(options);
      started.push({ name: "redis", pid: redis.pid });
      return redis;
    },
  };
});

let compared: Comparison | undefined;
afterEach(async () => {
  await compared?.close();
  compared = undefined;
  started.length = 0;
});

function startable(options: { redisFound: boolean; speed?: number }): Comparison {
  compared = comparison({ programs, chain: "simulated", onChange: () => undefined, ...options });
  return compared;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await sleep(20);
}

const pids = () => started.map(({ pid }) => pid);
const names = () => started.map(({ name }) => name).sort();

test("without a Redis memory runs alone, breaks what it must break, and leaves nothing", async () => {
  const { order, state } = startable({ redisFound: false, speed: 1 });
  expect(state()).toEqual({ state: "idle", lanes: [] });
  const { outcome } = await order("start");
  expect(outcome).toContain("Memory meets the attack alone");
  await until(() => state().state === "done");
  const [memory, more] = state().lanes;
  expect(more).toBeUndefined();
  expect(memory).toMatchObject({ provider: "memory", finished: true });
  const rows = Object.fromEntries((memory?.rows ?? []).map(({ key, ok }) => [key, ok]));
  expect(rows).toMatchObject({
    "over-limit": false,
    "sessions-lost": false,
    "transfers-per-payment": true,
  });
  expect(names()).toEqual(["gateway-1", "gateway-2", "simulated ledger", "upstream"]);
  await allGone(pids(), 1_000);
}, 180_000);

test("there is one at a time; stopped, it leaves no gateway, no ledger and no Redis", async () => {
  const { order, state } = startable({ redisFound: true });
  await expect(order("stop")).rejects.toThrow(NotNow);
  await order("start");
  await expect(order("start")).rejects.toThrow(/is running; stop it first/);
  await until(() => state().state === "running" && state().lanes.some(({ answered }) => answered > 0));
  expect(state().lanes.map(({ provider, instances }) => [provider, instances])).toEqual([
    ["memory", 2],
    ["redis", 2],
  ]);
  expect(started).toHaveLength(9);
  const { outcome } = await order("stop");
  expect(outcome).toContain("every process of it is gone");
  expect(state()).toMatchObject({
    state: "idle",
    message: "It was stopped before its end.",
    lanes: [{ phase: "stopped" }, { phase: "stopped" }],
  });
  await allGone(pids(), 1_000);
}, 180_000);

test("closed while it starts, it leaves nothing either", async () => {
  const { order, close } = startable({ redisFound: true });
  await order("start");
  await until(() => started.length > 0);
  await close();
  await close();
  await allGone(pids(), 1_000);
}, 180_000);

test("where one of its processes dies it says so, ends, and can be started again", async () => {
  const { order, state } = startable({ redisFound: false });
  await order("start");
  await until(() => state().state === "running");
  process.kill(started.find(({ name }) => name === "simulated ledger")?.pid ?? 0, "SIGKILL");
  await until(() => state().state === "failed");
  expect(state().message).toBe("It failed: memory: simulated ledger ended by itself.");
  await allGone(pids(), 1_000);
  await order("start");
  expect(state().state).toBe("starting");
}, 180_000);

test("nothing is started any more once it is closed", async () => {
  const { order, close, state } = startable({ redisFound: false });
  await close();
  await expect(order("start")).rejects.toBeInstanceOf(NotNow);
  expect(state().state).toBe("idle");
  expect(started).toEqual([]);
});
