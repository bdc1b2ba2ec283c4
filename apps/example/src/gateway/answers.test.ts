// What is answered when something failed: what may be over soon is 503 and to be sent again, what nobody expected is 500.
import { StoreError } from "@tollbooth-stores/core";
import { expect, test } from "vitest";
import { failure } from "./answers.ts";

test.each([
  ["a step that took too long", new DOMException("The step did not answer in time.", "TimeoutError"), 503],
  ["a store that is away", new StoreError("STORE_UNAVAILABLE", "away"), 503],
  ["a store that is full", new StoreError("STORE_CAPACITY", "full"), 503],
  ["a store that was closed", new StoreError("STORE_CLOSED", "closed"), 503],
  ["a payment that cannot be one", new StoreError("STORE_INVALID_ARGUMENT", "seconds"), 400],
  ["a record that cannot be read", new StoreError("STORE_CORRUPT", "broken"), 500],
  ["what nobody expected", new Error("unexpected"), 500],
  ["an abort", new DOMException("aborted", "AbortError"), 500],
])("%s", async (_what, error, status) => {
  const answer = failure(error);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("retry-after")).toBe(status === 503 ? "1" : null);
  expect(await answer.text()).not.toContain(error.message);
});
