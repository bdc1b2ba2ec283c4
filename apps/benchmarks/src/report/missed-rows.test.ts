// A missed row says what was tried.
import { expect, test } from "vitest";
import { goals } from "../goals.ts";
import { missedRows, reasons } from "./missed-rows.ts";
import { readResults } from "./results.ts";

test("every missed row of the kept results has its reason, and every reason is of a row", () => {
  const kept = readResults().goals;
  const missed = kept.filter(({ verdict }) => verdict === "missed");
  for (const { row } of missed) expect(reasons).toHaveProperty([row]);
  expect(missedRows(kept).split("\n")).toHaveLength(new Set(missed.map(({ row }) => row)).size);
  const rows = new Set(goals.map(({ row }) => row));
  expect(Object.keys(reasons).filter((row) => !rows.has(row))).toEqual([]);
});

test("a row that is met is not shown", () => {
  expect(missedRows(readResults().goals.map((goal) => ({ ...goal, verdict: "met" })))).toBe("");
});
