// A selection of the chaos run in every test run.
import { describe, expect, it } from "vitest";
import { runChaos } from "./run-chaos.ts";
import { describeFate, neverStruck, verdictOf } from "./verdict.ts";

/** Only the rows that are not 0, with their payments. */
function wrong(report: Awaited<ReturnType<typeof runChaos>>): Record<string, string[]> {
  const rows = verdictOf(report).filter((row) => row.wrong.length > 0);
  return Object.fromEntries(rows.map((row) => [row.title, row.wrong.map(describeFate)]));
}

describe("payments under chaos", () => {
  it.each(["ioredis", "node-redis"] as const)("move once, are fresh once, and are delivered (%s)", async (client) => {
    const report = await runChaos({ client, payments: 50, payers: 32, seed: 7 });
    expect(wrong(report)).toEqual({});
    expect(report.rested).toBe(true);
    // Of the 39 points; `npm run chaos` with its 1,000 payments strikes each.
    expect(neverStruck([report]).length).toBeLessThan(15);
  });
});
