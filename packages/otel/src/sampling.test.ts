// Samplers: what they ask and how often, their deadline, and that nothing of a failed sample is told as true.
import type { Unresolved } from "@tollbooth-stores/core";
import type { RedisPort } from "@tollbooth-stores/redis-protocol";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Collected, collected } from "./collected.test-support.ts";
import { instrument, type Telemetry } from "./instrument.ts";
import type { AskedServer } from "./redis-sampling.ts";

let metrics: Collected;
let telemetry: Telemetry;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"], now: 1_000_000 });
  metrics = collected();
  telemetry = instrument({ meterProvider: metrics.provider });
});
afterEach(() => {
  telemetry.stop();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const told = async (name: string) => {
  const points = Object.entries(await metrics.points()).filter(([point]) => point.startsWith(`${name}`));
  return Object.fromEntries(points.map(([point, value]) => [point.slice(name.length), value]));
};
const failures = async () => Object.values(await told("sample.failures"))[0] ?? 0;
const info = (memory: string, stats: string) => async (command: string, section?: string) =>
  command === "PING" ? "PONG" : section === "memory" ? memory : stats;
const well = info("# Memory\r\nused_memory:500\r\nmaxmemory:1000\r\n", "evicted_keys:7\r\n");

function listing(...found: Pick<Unresolved, "kind" | "atMs">[]) {
  return {
    async *unresolved() {
      for (const each of found) yield { ...each, handle: "h", attempt: 1, fingerprint: "f" };
    },
  };
}

it("payments in doubt and owed are counted by kind, with the age of the oldest, and none is told as none", async () => {
  telemetry.samplePayments({
    store: listing(
      { kind: "in-doubt", atMs: 990_000 },
      { kind: "in-doubt", atMs: 400_000 },
      { kind: "owed", atMs: 2_000_000 },
    ),
  });
  await pass(0);
  expect(await told("payment.unresolved")).toEqual({
    ".count{payment.kind=in-doubt}": 2,
    ".count{payment.kind=owed}": 1,
    ".count{payment.kind=held}": 0,
    ".age{payment.kind=in-doubt}": 600,
    // By a store's clock that is ahead.
    ".age{payment.kind=owed}": 0,
    ".age{payment.kind=held}": 0,
  });
  await pass(5_000);
  expect(await told("payment.unresolved.age"), "it goes on ageing between two samples").toMatchObject({
    "{payment.kind=in-doubt}": 605,
  });
});

it("a listing that fails in its middle is no listing: it is counted, and the last good one and its age stay told", async () => {
  let isBroken = true;
  const store = {
    async *unresolved() {
      yield* listing({ kind: "owed", atMs: 0 }).unresolved();
      if (isBroken) throw new Error("a page was lost");
    },
  };
  telemetry.samplePayments({ store, everyMs: 1_000 });
  await pass(0);
  expect([await told("payment.unresolved"), await failures()]).toEqual([{}, 1]);
  isBroken = false;
  await pass(1_000);
  const told1 = await told("payment.unresolved.count");
  expect(told1).toMatchObject({ "{payment.kind=owed}": 1 });
  isBroken = true;
  await pass(3_000);
  expect([await told("payment.unresolved.count"), await failures()]).toEqual([told1, 4]);
  expect(await told("sample.age")).toEqual({ "{sample.name=payments}": 3 });
});

it("a sample has a deadline of its own, and one that ignores it is not asked again until it ends", async () => {
  let asked = 0;
  let end = () => {};
  const servers = () => {
    asked += 1;
    return new Promise<AskedServer[]>((resolve) => {
      end = () => resolve([{ name: "late:1", ask: well }]);
    });
  };
  telemetry.sampleRedis({ servers, everyMs: 1_000, timeoutMs: 100 });
  await pass(100);
  expect([asked, await failures()]).toEqual([1, 1]);
  await pass(3_000);
  expect([asked, await failures()]).toEqual([1, 4]);
  end();
  await pass(0);
  expect(await told("redis.memory"), "what comes too late is not told").toEqual({});
  await pass(1_000);
  expect(asked).toBe(2);
});

it("a listing that ends after its deadline is not told", async () => {
  const store = {
    async *unresolved() {
      yield* listing({ kind: "owed", atMs: 0 }).unresolved();
      await new Promise((resolve) => setTimeout(resolve, 200));
    },
  };
  telemetry.samplePayments({ store, timeoutMs: 100 });
  await pass(300);
  expect([await told("payment.unresolved"), await failures()]).toEqual([{}, 1]);
});

it("a sample that is under way when it is ended is no failure, and is the last", async () => {
  let asked = 0;
  const servers = () => {
    asked += 1;
    return new Promise<AskedServer[]>(() => {});
  };
  const end = telemetry.sampleRedis({ servers, everyMs: 1_000, timeoutMs: 100 });
  await pass(50);
  end();
  await pass(5_000);
  expect([asked, await told("sample."), vi.getTimerCount()]).toEqual([1, { "failures{sample.name=redis}": 0 }, 0]);
});

it("a Redis tells memory, limit, evictions and its round trip, by address", async () => {
  const unlimited = info("used_memory:1\r\nmaxmemory:0\r\n", "");
  const named = [
    { name: "10.0.0.5:6379", ask: well },
    { name: "[::1]:7000", ask: unlimited },
    { name: "0", ask: info("", "") },
  ];
  let stepMs = 0;
  telemetry.sampleRedis({
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
  telemetry.sampleRedis({
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
  telemetry.sampleRedis({ servers: async () => [dead, { name: "well:1", ask: well }] });
  await pass(0);
  expect(Object.keys(await told("redis.memory.used"))).toEqual(["{server.address=well, server.port=1}"]);
  expect(await failures()).toBe(1);
  await pass(15_000);
  expect(await told("sample.age"), "not one of the samples was whole").toEqual({ "{sample.name=redis}": 15 });
});

it("never throws, whatever it is given, keeps no process alive, and asks nothing once it is stopped", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  let asked = 0;
  const throwing = () => {
    asked += 1;
    throw new Error("at once");
  };
  telemetry.samplePayments({ store: { unresolved: throwing }, everyMs: 1_000 });
  const end = telemetry.sampleRedis({ servers: throwing, everyMs: 1_000 });
  await pass(2_000);
  expect(asked).toBe(6);
  end();
  await pass(1_000);
  expect(asked).toBe(7);
  telemetry.stop();
  await pass(5_000);
  expect([asked, vi.getTimerCount()]).toEqual([7, 0]);
  expect(timers.mock.results.map(({ value }) => value.hasRef())).toEqual(timers.mock.calls.map(() => false));
  timers.mockRestore();
});

it("a time that no timer keeps is refused at once", () => {
  const store = listing();
  for (const everyMs of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    expect(() => telemetry.samplePayments({ store, everyMs })).toThrow(/^everyMs must be/);
  }
  expect(() => telemetry.samplePayments({ store, timeoutMs: 0 })).toThrow(/^timeoutMs must be/);
});

it("takes the servers of a RedisPort as they are", () => {
  const take = (port: RedisPort) =>
    telemetry.sampleRedis({ servers: async (stepMs) => (await port.servers?.(stepMs)) ?? [] });
  expect(take).toBeTypeOf("function");
});
