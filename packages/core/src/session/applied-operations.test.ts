// What is remembered of credits and debits, and for how long.
import { expect, it } from "vitest";
import { extendedOperations, isApplied, operationHash, rememberMs, withOperation } from "./applied-operations.ts";

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
  expect(first.endsAtMs).toBe(1_000 + rememberMs);
  const long = withOperation(first, "b", 2_000, 9 * rememberMs);
  expect(long.endsAtMs).toBe(9 * rememberMs);
  const third = withOperation(long, "c", 3_000, 4_000);
  expect(third.endsAtMs).toBe(9 * rememberMs);
  expect(["a", "b", "c", "d"].map((hash) => isApplied(third, hash))).toEqual([true, true, true, false]);
  expect(isApplied(first, "b")).toBe(false);
});

it("lasts as long as a session that was extended", () => {
  const record = withOperation(null, "a", 0, 0);
  expect(extendedOperations(null, 5)).toBeUndefined();
  expect(extendedOperations(record, rememberMs)).toBeUndefined();
  expect(extendedOperations(record, rememberMs + 1)).toEqual({ endsAtMs: rememberMs + 1, body: record.body });
});

it("is corrupt where its record holds anything else", () => {
  expect(isApplied(null, "a")).toBe(false);
  for (const body of [null, {}, "abc", [1], ["a", null], { size: 1, earliestMs: 1, latestMs: 1, entries: ["a"] }]) {
    const record = { endsAtMs: 1, body };
    expect(() => isApplied(record, "a")).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
    expect(() => withOperation(record, "b", 1, 1)).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  }
});
