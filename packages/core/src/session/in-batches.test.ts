// Long lists in batches: all of them, so many at a time, none after a failure.
import { expect, it } from "vitest";
import { inBatches } from "./in-batches.ts";

const items = Array.from({ length: 23 }, (_, index) => index);

it("gives each item once, in batches, and never more batches at a time than it may", async () => {
  const seen: number[][] = [];
  let running = 0;
  let most = 0;
  await inBatches(items, { size: 5, inFlight: 2 }, async (batch) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push([...batch]);
    running -= 1;
  });
  expect(seen.map((batch) => batch.length)).toEqual([5, 5, 5, 5, 3]);
  expect(seen.flat()).toEqual(items);
  expect(most).toBe(2);
  await inBatches([], { size: 5, inFlight: 2 }, () => expect.unreachable());
});

it("starts none after a failure, and rejects with it", async () => {
  let started = 0;
  const call = inBatches(items, { size: 1, inFlight: 3 }, async ([item]) => {
    started += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (item === 1) throw new Error("gone");
  });
  await expect(call).rejects.toThrow("gone");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(started).toBeLessThan(6);
});
