// From Redis's CPU time an operation to what primaries carry.
import { expect, test } from "vitest";
import type { Report, Row } from "./report.ts";
import { scalingFigures } from "./scaling-figures.ts";

const one = (median: number) => ({ median, low: median, high: median });

function row(workload: string, inFlight: number, cpuUs: number, server: Row["server"] = "single"): Row {
  return {
    ...{ section: "consume", workload, server, inFlight, contender: "tollbooth/ioredis" },
    ...{ opsPerSecond: one(1), p50Us: one(1), p99Us: one(1), clientCpuUs: one(1) },
    redis: { commandUs: one(1), cpuUs: one(cpuUs), commands: one(1), reads: one(1) },
  };
}

const report: Report = {
  environment: {
    ...{ date: "2026-01-01", command: "npm run bench", cores: 2, processor: "a processor", memoryGiB: 8 },
    ...{ node: "24", redis: "7", libraries: {} },
  },
  pace: { rounds: 1, sliceMs: 1, warmUpMs: 1 },
  goals: [],
  disqualified: [],
  rows: [
    row("consume-spread", 1, 20),
    row("consume-spread", 64, 7),
    row("consume-spread", 64, 8, "cluster"),
    row("consume-hot", 64, 1),
    row("session-get", 64, 3),
    row("session-debit", 64, 4),
    row("pay-once", 1, 70),
    row("pay-once", 64, 63),
    row("pay-once", 64, 72, "cluster"),
  ],
  saturation: { workload: "consume-spread", processes: 2, inFlightEach: 256, opsPerSecond: 70_000, busy: 0.5 },
};

test("a core carries what fits into seven tenths of it, and primaries add up what each was measured to carry", () => {
  const text = scalingFigures(report);
  // The columns: Redis CPU at 1, 8 and 64 in flight, what one core carries at each, then three and thirty primaries.
  expect(text).toContain("| fixed window | 20 | - | 7 | 35,000 | - | 100,000 | 263,000 | 2,630,000 |");
  expect(text).toContain("| a request in a paid session: consume, get, debit | - | 14 | - | 50,000 | - | - |");
  expect(text).toContain("| a whole paid request: consume, payOnce | 90 | 70 | 7,780 | 10,000 | 26,300 | 263,000 |");
});

test("a hot client stays on one primary, however many there are", () => {
  expect(scalingFigures(report)).toContain("| one hot client, fixed window | - | - | 1 | - | - | 700,000 | - | - |");
});

test("the prediction stands beside what was measured, and what was not measured is no number", () => {
  const text = scalingFigures(report);
  expect(text).toContain("one server, three primaries together | 7, 8 |");
  expect(text).toContain("| so a full core would carry | 140,000 |");
  expect(text).toContain("| predicted from the CPU time a decision, without the factor 0.7 | 143,000 |");
  expect(text).toContain("| token bucket | - | - | - | - | - | - | - | - |");
});
