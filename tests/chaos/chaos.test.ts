// A selection of the chaos run in every test run; and proof that it can fail.
import { describe, expect, it } from "vitest";
import { runChaos } from "./run-chaos.ts";
import { describeFate, verdictOf } from "./verdict.ts";

/** Only the rows that are not 0, with their payments. */
function wrong(report: Awaited<ReturnType<typeof runChaos>>): Record<string, string[]> {
  const rows = verdictOf(report).filter((row) => row.wrong.length > 0);
  return Object.fromEntries(rows.map((row) => [row.title, row.wrong.map(describeFate)]));
}

describe("payments under chaos", () => {
  it.each(["ioredis", "node-redis"] as const)("move once, are fresh once, and are delivered (%s)", async (client) => {
    const report = await runChaos({ client, payments: 100, seed: 7 });
    expect(wrong(report)).toEqual({});
    expect(report.struck.size).toBeGreaterThan(5);
  });

  it("are counted where they go wrong: without shared stores they move twice", async () => {
    const report = await runChaos({ client: "memory", payments: 48, payers: 48, seed: 7, patienceMs: 8_000 });
    expect(wrong(report)).toHaveProperty("second transfers");
  });
});
