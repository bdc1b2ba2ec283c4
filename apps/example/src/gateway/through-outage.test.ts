// A store that is away for a moment is asked again; nothing else is.
import { StoreError } from "@tollbooth-stores/core";
import { expect, test } from "vitest";
import { throughOutage } from "./through-outage.ts";

const away = new StoreError("STORE_UNAVAILABLE", "away");
const never = new AbortController().signal;

/** Fails with `error` as often as `times` says, then answers with how often it was asked. */
function failing(times: number, error: unknown): () => Promise<number> {
  let asked = 0;
  return async () => {
    asked += 1;
    if (asked <= times) throw error;
    return asked;
  };
}

test("answers once the store does", async () => {
  expect(await throughOutage(failing(2, away), 10_000, never)).toBe(3);
});

test("gives up when the time is over, with the store's own error", async () => {
  await expect(throughOutage(failing(1_000, away), 250, never)).rejects.toBe(away);
});

test.each([new StoreError("STORE_CAPACITY", "full"), new Error("a bug")])("does not repeat $message", async (error) => {
  await expect(throughOutage(failing(1, error), 10_000, never)).rejects.toBe(error);
});

test("ends with the reason of an abort", async () => {
  const stop = new AbortController();
  const asking = throughOutage(failing(1_000, away), 10_000, stop.signal);
  stop.abort(new Error("the lease was lost"));
  await expect(asking).rejects.toThrow("the lease was lost");
});
