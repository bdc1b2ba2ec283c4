// The metrics of a Redis that answers, hangs, leaves the stores, or is away from the start.
import type { RedisPort } from "@tollbooth-stores/redis-protocol";
import { expect, it } from "vitest";
import type { AskedServer } from "./redis-sampling.ts";
import { info, pass, sampledForEachTest, well } from "./sampled.test-support.ts";

const sampled = sampledForEachTest();
const { told, failures } = sampled;

it("a Redis tells memory, limit, evictions and its round trip, by address", async () => {
  const unlimited = info("used_memory:1\r\nmaxmemory:0\r\n", "");
  const named = [
    { name: "10.0.0.5:6379", ask: well },
    { name: "[::1]:7000", ask: unlimited },
    { name: "0", ask: info("", "") },
  ];
  let stepMs = 0;
  sampled.telemetry.sampleRedis({
    async servers(within) {
      stepMs = within;
      return named;
    },
    timeoutMs: 321,
  });
  await pass(0);
  const first = "{server.address=10.0.0.5, server.port=6379}";
  expect(await told("redis.")).toEqual({
    [`up${first}`]: 1,
    "up{server.address=::1, server.port=7000}": 1,
    "up{server.address=0}": 1,
    [`memory.used${first}`]: 500,
    [`memory.limit${first}`]: 1_000,
    [`evictions${first}`]: 7,
    [`round_trip.duration${first}`]: [1, expect.any(Number)],
    "memory.used{server.address=::1, server.port=7000}": 1,
    "round_trip.duration{server.address=::1, server.port=7000}": [1, expect.any(Number)],
    "round_trip.duration{server.address=0}": [1, expect.any(Number)],
  });
  expect(stepMs).toBe(321);
});

it("a server that left, or does not answer, is down: the SDK goes on exporting its last values", async () => {
  const named = (...names: string[]) => names.map((name) => ({ name, ask: well }));
  let now: AskedServer[] | Error = named("old:1", "stays:2");
  sampled.telemetry.sampleRedis({
    async servers() {
      if (now instanceof Error) throw now;
      return now;
    },
    everyMs: 1_000,
  });
  const up = async () => Object.values(await told("redis.up"));
  await pass(0);
  expect(await told("redis.up")).toEqual({
    "{server.address=old, server.port=1}": 1,
    "{server.address=stays, server.port=2}": 1,
  });
  now = named("stays:2", "new:3");
  await pass(1_000);
  expect([await up(), Object.values(await told("redis.memory.used"))]).toEqual([
    [0, 1, 1],
    [500, 500, 500],
  ]);
  now = new Error("gone");
  await pass(1_000);
  expect(await up(), "where no server could be asked").toEqual([0, 0, 0]);
  now = named("old:1");
  await pass(1_000);
  expect(await up(), "one that is back").toEqual([1, 0, 0]);
});

it("of several servers the one that does not answer is left out and counted", async () => {
  const dead = { name: "dead:1", ask: () => Promise.reject(new Error("gone")) };
  sampled.telemetry.sampleRedis({ servers: async () => [dead, { name: "well:1", ask: well }] });
  await pass(0);
  expect(Object.keys(await told("redis.memory.used"))).toEqual(["{server.address=well, server.port=1}"]);
  expect(await failures()).toBe(1);
  await pass(15_000);
  expect(await told("sample.age"), "not one of the samples was whole").toEqual({ "{sample.name=redis}": 15 });
});

it("of several servers one that hangs is down by itself, and is asked again once its question has ended", async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let [asked, used] = [0, 500];
  const hung: AskedServer["ask"] = async (command, section) => {
    asked += 1;
    await gate;
    return well(command, section);
  };
  const fine: AskedServer["ask"] = async (command, section) => (await well(command, section)).replace("500", `${used}`);
  sampled.telemetry.sampleRedis({
    servers: async () => [
      { name: "hung:1", ask: hung },
      { name: "well:2", ask: fine },
    ],
    everyMs: 1_000,
    timeoutMs: 100,
  });
  const second = "{server.address=well, server.port=2}";
  const both = (first: number) => ({ "{server.address=hung, server.port=1}": first, [second]: 1 });
  await pass(50);
  expect(await told("redis.up"), "an answer is told as it comes").toEqual({ [second]: 1 });
  await pass(50);
  expect(await told("redis.up")).toEqual(both(0));
  used = 501;
  await pass(1_100);
  expect([await told("redis.up"), await told("redis.memory.used")]).toEqual([both(0), { [second]: 501 }]);
  expect([asked, await failures()]).toEqual([1, 2]);
  open();
  await pass(0);
  expect(await told("redis.up"), "a late answer is not told").toEqual(both(0));
  await pass(1_000);
  expect(await told("redis.up")).toEqual(both(1));
});

it("a server that is away from the start is down where its address is known, and by a name alone is not told before it answers", async () => {
  let isAway = true;
  const ask = (command: string, section?: string) =>
    isAway ? Promise.reject(new Error("away")) : well(command, section);
  sampled.telemetry.sampleRedis({
    servers: async () => [
      { name: "a:1", ask },
      { name: "the primary", ask },
    ],
    everyMs: 1_000,
  });
  await pass(0);
  expect(await told("redis.up")).toEqual({ "{server.address=a, server.port=1}": 0 });
  isAway = false;
  await pass(1_000);
  expect(Object.values(await told("redis.up"))).toEqual([1, 1]);
});

it("takes the servers of a RedisPort as they are", () => {
  const take = (port: RedisPort) =>
    sampled.telemetry.sampleRedis({ servers: async (stepMs) => (await port.servers?.(stepMs)) ?? [] });
  expect(take).toBeTypeOf("function");
});
