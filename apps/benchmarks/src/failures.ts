// What `--check` fails on.
import type { Arguments } from "./arguments.ts";
import type { Report } from "./report/report.ts";

/**
 * Missed rows, and contenders that were disqualified. Where all sections ran, a row without a figure counts as missed: a
 * contender may have vanished.
 */
export function failures(
  { goals, disqualified }: Pick<Report, "goals" | "disqualified">,
  { allSections }: Pick<Arguments, "allSections">,
): string[] {
  const missed = goals.filter(({ verdict }) => verdict === "missed" || (verdict === "unmeasured" && allSections));
  return [
    ...missed.map(({ row, who, verdict }) => `${verdict}: ${row} (${who})`),
    ...disqualified.map(({ contender, workload, reason }) => `disqualified: ${contender} in ${workload}: ${reason}`),
  ];
}

/** 1 where a row was missed and the run was to check that, else 0. */
export function exitCodeOf(failed: readonly string[], { check }: Pick<Arguments, "check">): 0 | 1 {
  return check && failed.length > 0 ? 1 : 0;
}
