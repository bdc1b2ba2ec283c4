// A slice: so many calls in flight, their times, and wrong answers counted.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { measure } from "./measure.ts";

test("as many calls as asked for are in flight, never more", async () => {
  let now = 0;
  let most = 0;
  const operation = async () => {
    now += 1;
    most = Math.max(most, now);
    await sleep(1);
    now -= 1;
    return true;
  };
  const slice = await measure({ operation, close: async () => {} }, { inFlight: 7, ms: 40 });
  expect(most).toBe(7);
  expect(slice.wrong).toBe(0);
  expect(slice.operations).toBeGreaterThanOrEqual(7);
  expect(slice.p50Us).toBeGreaterThan(500);
  expect(slice.p99Us).toBeGreaterThanOrEqual(slice.p50Us);
});

test("wrong answers are counted", async () => {
  const operation = async (turn: number) => sleep(1, turn % 2 === 0);
  const { operations, wrong } = await measure({ operation, close: async () => {} }, { inFlight: 2, ms: 30 });
  expect(wrong).toBeGreaterThan(0);
  expect(wrong).toBeLessThan(operations);
});

test("no two calls of a process have the same turn", async () => {
  const turns: number[] = [];
  const operation = async (turn: number) => sleep(1, turns.push(turn) > 0);
  const subject = { operation, close: async () => {} };
  await measure(subject, { inFlight: 4, ms: 10 });
  await measure(subject, { inFlight: 4, ms: 10 });
  expect(new Set(turns).size).toBe(turns.length);
});

test("a slice that is over before it began still has a call of each caller", async () => {
  const { operations } = await measure({ operation: async () => true, close: async () => {} }, { inFlight: 3, ms: 0 });
  expect(operations).toBe(3);
});
