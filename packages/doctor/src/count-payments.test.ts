// The count of unresolved payments: complete, or the reason why it is not.
import { StoreError, type Unresolved } from "@tollbooth-stores/core";
import { expect, it, onTestFinished, vi } from "vitest";
import { countPayments } from "./count-payments.ts";

const payment = (kind: Unresolved["kind"], atMs: number): Unresolved => ({
  handle: "h",
  fingerprint: "f",
  kind,
  attempt: 1,
  atMs,
});

it("takes as long as a large keyspace does, where each page comes in time", async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  onTestFinished(() => void vi.useRealTimers());
  const counting = countPayments({
    async *unresolved({ signal } = {}) {
      for (let page = 0; page < 100; page += 1) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        signal?.throwIfAborted();
      }
      yield payment("in-doubt", 1_030_000);
      yield payment("owed", 1_035_000);
    },
  });
  await vi.advanceTimersByTimeAsync(40_000);
  expect(await counting).toEqual({ counts: { inDoubt: 1, owed: 1, oldestMs: 10_000, unreadable: 0 } });
});

it("says why the list would be incomplete, in the store's words, and hides no bug", async () => {
  const failing = (error: Error) =>
    countPayments({
      async *unresolved() {
        yield payment("owed", 0);
        throw error;
      },
    });
  const silent = new StoreError("STORE_UNAVAILABLE", "No answer within 500 ms.", { outcome: "unknown" });
  expect(await failing(silent)).toEqual({ failure: "No answer within 500 ms." });
  await expect(failing(new TypeError("a bug"))).rejects.toThrow("a bug");
});
