// Rounds of reconciling: one after the other, through failures, until they are ended.
import type { ReconcileOptions } from "@tollbooth-stores/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { reconcileEvery } from "./reconcile-every.ts";

const reconciled = { settled: 1, expired: 0, inDoubt: 0, owed: 0, failed: 0 };
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("goes on after a round that failed, reports each, and is over when its end resolves", async () => {
  const onRound = vi.fn();
  let rounds = 0;
  const end = reconcileEvery(
    1_000,
    async () => {
      rounds += 1;
      if (rounds === 1) throw new Error("away");
      return reconciled;
    },
    onRound,
  );
  await vi.advanceTimersByTimeAsync(999);
  expect(rounds).toBe(0);
  await vi.advanceTimersByTimeAsync(2_001);
  expect(onRound.mock.calls).toEqual([
    [{ ok: false, error: new Error("away") }],
    [{ ok: true, reconciled }],
    [{ ok: true, reconciled }],
  ]);
  await end();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(rounds).toBe(3);
});

it("goes on where the callback throws or rejects", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  let rounds = 0;
  const reconcile = async () => {
    rounds += 1;
    return reconciled;
  };
  const ends = [
    reconcileEvery(1, reconcile, () => {
      throw new Error("no log");
    }),
    reconcileEvery(
      1,
      reconcile,
      Object(() => Promise.reject(new Error("no log"))),
    ),
  ];
  await vi.advanceTimersByTimeAsync(3);
  expect([rounds, warned.mock.calls.length]).toEqual([6, 6]);
  for (const end of ends) await end();
  warned.mockRestore();
});

it("ends the round that runs by its signal, waits for it, and does not report that as a failure", async () => {
  let isOver = false;
  const onRound = vi.fn();
  const reconcile = ({ signal }: ReconcileOptions) =>
    new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => {
        isOver = true;
        reject(signal.reason);
      });
    });
  const end = reconcileEvery(1, reconcile, onRound);
  await vi.advanceTimersByTimeAsync(10);
  await end();
  expect([isOver, onRound.mock.calls, vi.getTimerCount()]).toEqual([true, [], 0]);
});

it("is over only when the round that runs is, and no timer is left where it ends between two rounds", async () => {
  let finish = () => {};
  const reconcile = () => new Promise<typeof reconciled>((resolve) => (finish = () => resolve(reconciled)));
  const over = vi.fn();
  const end = reconcileEvery(1, reconcile);
  await vi.advanceTimersByTimeAsync(1);
  const ending = end().then(over);
  await vi.advanceTimersByTimeAsync(5);
  expect(over).not.toHaveBeenCalled();
  finish();
  await ending;
  await reconcileEvery(1_000, reconcile)();
  expect(vi.getTimerCount()).toBe(0);
});
