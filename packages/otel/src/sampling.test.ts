// Samplers: how often they ask, their deadline, and that nothing of a failed sample is told as true. What they ask of payments.
import type { Unresolved } from "@tollbooth-stores/core";
import { expect, it, vi } from "vitest";
import type { AskedServer } from "./redis-sampling.ts";
import { pass, sampledForEachTest, well } from "./sampled.test-support.ts";

const sampled = sampledForEachTest();
const { told, failures } = sampled;

function listing(...found: Pick<Unresolved, "kind" | "atMs">[]) {
  return {
    async *unresolved() {
      for (const each of found) yield { ...each, handle: "h", attempt: 1, fingerprint: "f" };
    },
  };
}

it("payments in doubt and owed are counted by kind, with the age of the oldest, and none is told as none", async () => {
  sampled.telemetry.samplePayments({
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
  sampled.telemetry.samplePayments({ store, everyMs: 1_000 });
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
  sampled.telemetry.sampleRedis({ servers, everyMs: 1_000, timeoutMs: 100 });
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
  sampled.telemetry.samplePayments({ store, timeoutMs: 100 });
  await pass(300);
  expect([await told("payment.unresolved"), await failures()]).toEqual([{}, 1]);
});

it("a sample that is under way when it is ended is no failure, and is the last", async () => {
  let asked = 0;
  const servers = () => {
    asked += 1;
    return new Promise<AskedServer[]>(() => {});
  };
  const end = sampled.telemetry.sampleRedis({ servers, everyMs: 1_000, timeoutMs: 100 });
  await pass(50);
  end();
  await pass(5_000);
  expect([asked, await told("sample."), vi.getTimerCount()]).toEqual([1, { "failures{sample.name=redis}": 0 }, 0]);
});

it("never throws, whatever it is given, keeps no process alive, and asks nothing once it is stopped", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  let asked = 0;
  const throwing = () => {
    asked += 1;
    throw new Error("at once");
  };
  sampled.telemetry.samplePayments({ store: { unresolved: throwing }, everyMs: 1_000 });
  const end = sampled.telemetry.sampleRedis({ servers: throwing, everyMs: 1_000 });
  await pass(2_000);
  expect(asked).toBe(6);
  end();
  await pass(1_000);
  expect(asked).toBe(7);
  sampled.telemetry.stop();
  await pass(5_000);
  expect([asked, vi.getTimerCount()]).toEqual([7, 0]);
  expect(timers.mock.results.map(({ value }) => value.hasRef())).toEqual(timers.mock.calls.map(() => false));
  timers.mockRestore();
});

it("a time that no timer keeps is refused at once", () => {
  const store = listing();
  for (const everyMs of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    expect(() => sampled.telemetry.samplePayments({ store, everyMs })).toThrow(/^everyMs must be/);
  }
  expect(() => sampled.telemetry.samplePayments({ store, timeoutMs: 0 })).toThrow(/^timeoutMs must be/);
});
