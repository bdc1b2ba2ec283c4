// What is remembered of credits and debits, and for how long.
import { expect, it } from "vitest";
import {
  appliedOperations,
  extendedOperations,
  operationHash,
  rememberMs,
  withOperation,
} from "./applied-operations.ts";

it("tells credits from debits, and one opId from another", () => {
  const hashes = [
    operationHash("credit", "p1"),
    operationHash("debit", "p1"),
    operationHash("credit", "p2"),
    operationHash("credit", "\ud800"),
    operationHash("credit", "\ufffd"),
  ];
  expect(new Set(hashes).size).toBe(5);
  for (const hash of hashes) expect(hash).toMatch(/^[\w-]{22}$/);
});

it("keeps an operation until the session's end or 24 h from now, and never shorter than before", () => {
  const first = withOperation(null, "a", 1_000, 2_000);
  expect(first).toEqual({ endsAtMs: 1_000 + rememberMs, body: ["a"] });
  const long = withOperation(first, "b", 2_000, 9 * rememberMs);
  expect(long).toEqual({ endsAtMs: 9 * rememberMs, body: ["a", "b"] });
  expect(withOperation(long, "c", 3_000, 4_000)).toEqual({ endsAtMs: 9 * rememberMs, body: ["a", "b", "c"] });
  expect(first.body).toEqual(["a"]);
});

it("lasts as long as a session that was extended", () => {
  const record = withOperation(null, "a", 0, 0);
  expect(extendedOperations(null, 5)).toBeUndefined();
  expect(extendedOperations(record, rememberMs)).toBeUndefined();
  expect(extendedOperations(record, rememberMs + 1)).toEqual({ endsAtMs: rememberMs + 1, body: ["a"] });
});

it("is corrupt where its record holds anything else", () => {
  expect(appliedOperations(null)).toEqual([]);
  for (const body of [null, {}, "abc", [1], ["a", null]]) {
    expect(() => appliedOperations({ endsAtMs: 1, body })).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  }
});
