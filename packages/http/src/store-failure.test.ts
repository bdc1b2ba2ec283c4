// What a client is told of a store's failure.
import { StoreError } from "@tollbooth-stores/core";
import { expect, test } from "vitest";
import { storeFailure } from "./store-failure.ts";

test.each([
  ["unknown", "may have taken effect"],
  ["not-applied", "changed nothing"],
] as const)("a failure whose outcome is %s says that the request %s", (outcome, words) => {
  const answer = storeFailure(new StoreError("STORE_UNAVAILABLE", "Away.", { outcome }));
  expect([answer?.status, answer?.headers["retry-after"]]).toEqual([503, "1"]);
  const other = outcome === "unknown" ? "changed nothing" : "may have taken effect";
  const told = new TextDecoder().decode(answer?.body);
  expect([told.includes(words), told.includes(other)]).toEqual([true, false]);
});

test("a failure that no retry mends is no answer", () => {
  expect(storeFailure(new StoreError("STORE_INVALID_ARGUMENT", "Wrong."))).toBeUndefined();
  expect(storeFailure(new Error("Other."))).toBeUndefined();
});
