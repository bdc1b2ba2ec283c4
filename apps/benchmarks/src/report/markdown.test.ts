// How figures are written.
import { expect, test } from "vitest";
import { goalTable, rowTables } from "./markdown.ts";
import { figure, table, withSpread } from "./table.ts";

test.each([
  [123_456, "123,000"],
  [12.345, "12.3"],
  [0.12345, "0.123"],
  [1, "1"],
  [0, "0"],
  [Number.NaN, "-"],
])("%d is written with three digits: %s", (value, text) => {
  expect(figure(value)).toBe(text);
});

test("a spread tells the lowest and the highest round, where there was more than one", () => {
  expect(withSpread({ median: 2.5, low: 2, high: 3 }, "x")).toBe("2.5x (2 to 3)");
  expect(withSpread({ median: 5, low: 5, high: 5 })).toBe("5");
});

test("a table has its numbers on the right", () => {
  expect(table(["a", "b"], [["x", "1"]])).toBe("| a | b |\n| --- | ---: |\n| x | 1 |");
});

test("a missed row stands out, and one without figures says so", () => {
  const goal = { id: "a", row: "consume", who: "ioredis", goal: ">= 2x", unit: "x" } as const;
  const text = goalTable([
    { ...goal, reached: { median: 3, low: 3, high: 3 }, verdict: "met" },
    { ...goal, reached: { median: 1, low: 1, high: 1 }, verdict: "missed" },
    { ...goal, verdict: "unmeasured" },
  ]);
  expect(text.split("\n").slice(2)).toEqual([
    "| consume | ioredis | >= 2x | 3x | met |",
    "| consume | ioredis | >= 2x | 1x | **missed** |",
    "| consume | ioredis | >= 2x | - | not measured |",
  ]);
});

test("contenders of one workload and number in flight stand in one table", () => {
  const one = { median: 1, low: 1, high: 1 };
  const row = { section: "memory", workload: "consume-memory", server: "none" as const, inFlight: 1 };
  const figures = { opsPerSecond: one, p50Us: one, p99Us: one, clientCpuUs: one };
  const text = rowTables([
    { ...row, ...figures, contender: "tollbooth/memory" },
    { ...row, ...figures, contender: "rlf/memory" },
    { ...row, ...figures, inFlight: 64, contender: "rlf/memory" },
  ]);
  expect(text.match(/^### .*/gm)).toEqual(["### consume-memory, 1 in flight", "### consume-memory, 64 in flight"]);
  expect(text).toContain("| tollbooth/memory | 1 | 1 | 1 | 1 | - | - | - | - |");
});
