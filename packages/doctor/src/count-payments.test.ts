// The count of unresolved payments: complete, or the reason why it is not.
import { StoreError, type Unresolved } from "@tollbooth-stores/core";
import { expect, it, onTestFinished, vi } from "vitest";
import { countPayments } from "./count-payments.ts";

const payment = (kind: Unresolved["kind"], atMs: number): Unresolved => ({
  ...{ handle: "h", fingerprint: "f", kind, attempt: 1, atMs },
});

type Stores = Parameters<typeof countPayments>[0];

/** Stores on a server of so many keys. */
const storesWith = (unresolved: Stores["verifications"]["unresolved"], keys: unknown = 10): Stores => ({
  verifications: { unresolved },
  servers: async () => [{ name: "a:1", ask: async () => keys }],
});

/** A listing of so many pages, each of which comes in time, and then these payments. */
const pages = (count: number, ...found: Unresolved[]): Stores["verifications"]["unresolved"] =>
  async function* ({ signal } = {}) {
    for (let page = 0; page < count; page += 1) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      signal?.throwIfAborted();
    }
    yield* found;
  };

function steppedClock() {
  vi.useFakeTimers({ now: 1_000_000 });
  onTestFinished(() => void vi.useRealTimers());
}

it("takes as long as a large keyspace does", async () => {
  steppedClock();
  const found = [payment("in-doubt", 1_270_000), payment("owed", 1_275_000)];
  const counting = countPayments(storesWith(pages(700, ...found), 350_000));
  await vi.advanceTimersByTimeAsync(280_000);
  expect(await counting).toEqual({ counts: { inDoubt: 1, owed: 1, oldestMs: 10_000, unreadable: 0 } });
});

it.each([
  [10_000, 30],
  // A user without DBSIZE.
  ["NOPERM", 600],
])("gives up a listing that does not end: of %j keys after %i s", async (keys, seconds) => {
  steppedClock();
  const counting = countPayments(storesWith(pages(Number.POSITIVE_INFINITY), keys));
  await vi.advanceTimersByTimeAsync(seconds * 1_000 + 400);
  expect(await counting).toEqual({ failure: expect.stringContaining(`took more than ${seconds} s`) });
});

it("says why the list would be incomplete, in the store's words, and hides no bug", async () => {
  const failing = (error: Error) =>
    countPayments(
      storesWith(async function* () {
        yield payment("owed", 0);
        throw error;
      }),
    );
  const silent = new StoreError("STORE_UNAVAILABLE", "No answer within 500 ms.", { outcome: "unknown" });
  expect(await failing(silent)).toEqual({ failure: "No answer within 500 ms." });
  await expect(failing(new TypeError("a bug"))).rejects.toThrow("a bug");
});
