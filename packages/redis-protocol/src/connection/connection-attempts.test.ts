// How often, and how many at once, connections are tried: at a bounded rate in every kind of trouble.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeConnect, fakeLink, pass, recordedEvents, useTestClock } from "./fake-link.test-support.ts";
import { keptConnection } from "./kept-connection.ts";
import { reconnectDelayMs } from "./reconnect-delay.ts";

beforeEach(useTestClock);
afterEach(() => vi.useRealTimers());

const MINUTE_MS = 60_000;

it("doubles the delay from 50 ms to a second, and spreads it by a quarter", () => {
  for (const [failures, delayMs] of [
    [0, 50],
    [1, 100],
    [4, 800],
    [5, 1_000],
    [5_000, 1_000],
  ] as const) {
    const delays = Array.from({ length: 200 }, () => reconnectDelayMs(failures));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(delayMs * 0.74);
    expect(Math.max(...delays)).toBeLessThanOrEqual(delayMs * 1.26);
    expect(new Set(delays).size).toBeGreaterThan(5);
  }
});

it("tries again soon after a failure, later after more of them, and never ends", async () => {
  const attempts = fakeConnect(() => Object.assign(new Error("connect"), { code: "ECONNREFUSED" }));
  const { events, told } = recordedEvents();
  const connection = keptConnection({ connect: attempts.connect, events });
  await pass(1_000);
  expect(attempts.count()).toBeGreaterThanOrEqual(4);
  expect(attempts.count()).toBeLessThanOrEqual(7);
  await pass(MINUTE_MS);
  expect(attempts.count()).toBeGreaterThan(50);
  expect(attempts.count()).toBeLessThan(90);
  expect(told.filter((each) => each === "failed ECONNREFUSED")).toHaveLength(attempts.count());
  await connection.close();
});

it("starts another attempt beside one that stays unanswered, and has five at once at most", async () => {
  const attempts = fakeConnect();
  const connection = keptConnection({ connect: attempts.connect, events: recordedEvents().events });
  await pass(1_001);
  expect(attempts.underWay()).toBe(2);
  await pass(MINUTE_MS);
  expect(attempts.most()).toBe(5);
  expect(attempts.count()).toBeGreaterThan(50);
  expect(attempts.count()).toBeLessThan(70);
  attempts.succeed();
  await pass();
  expect([connection.isUp(), attempts.underWay()]).toEqual([true, 0]);
  await connection.close();
});

it("makes a connection that is lost again and again a few times a second at most", async () => {
  const attempts = fakeConnect(() => {
    const link = fakeLink();
    setTimeout(() => link.end(), 1);
    return link;
  });
  const connection = keptConnection({ connect: attempts.connect, events: recordedEvents().events });
  await pass(MINUTE_MS);
  expect(attempts.count()).toBeGreaterThan(MINUTE_MS / 1_000);
  expect(attempts.count()).toBeLessThan((MINUTE_MS / 1_000) * 10);
  await connection.close();
});

it("connects at once after a connection that lasted was lost", async () => {
  const attempts = fakeConnect();
  const connection = keptConnection({ connect: attempts.connect, events: recordedEvents().events });
  const link = attempts.succeed();
  await pass(1_000);
  link.end();
  await pass();
  expect(attempts.count()).toBe(2);
  await connection.close();
});
