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
