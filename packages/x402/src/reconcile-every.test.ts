// Rounds of reconciling: one after the other, through failures, until they are ended.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { reconcileEvery } from "./reconcile-every.ts";

const reconciled = { settled: 1, expired: 0, inDoubt: 0, owed: 0, failed: 0 };
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("goes on after a round that failed, tells each, and is over when its end resolves", async () => {
  const told = vi.fn();
  let rounds = 0;
  const end = reconcileEvery(
    1_000,
    async () => {
      rounds += 1;
      if (rounds === 1) throw new Error("away");
      return reconciled;
    },
    told,
  );
  await vi.advanceTimersByTimeAsync(999);
  expect(rounds).toBe(0);
  await vi.advanceTimersByTimeAsync(2_001);
  expect(told.mock.calls).toEqual([[{ error: new Error("away") }], [{ reconciled }], [{ reconciled }]]);
  await end();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(rounds).toBe(3);
});

it("ends the round that runs by its signal, and waits for it", async () => {
  let isOver = false;
  const end = reconcileEvery(1, ({ signal }) => {
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => {
        isOver = true;
        reject(signal.reason);
      });
    });
  });
  await vi.advanceTimersByTimeAsync(10);
  await end();
  expect(isOver).toBe(true);
});
