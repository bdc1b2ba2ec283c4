// Which rows of the table a run reached.
import { type Goal, goals, type Metric } from "./goals.ts";
import type { BytesAnIdentity } from "./measuring/bytes.ts";
import type { Measured, Sample } from "./measuring/run-scene.ts";
import { ratios, type Spread, spread } from "./measuring/statistics.ts";
import type { PaymentTrace } from "./measuring/trace-payment.ts";

/** What a run measured. Sections that were left out are absent. */
export interface Evidence {
  measured: readonly Measured[];
  bytes?: BytesAnIdentity | undefined;
  payment?: PaymentTrace | undefined;
}

export interface GoalResult {
  id: string;
  row: string;
  who: string;
  /** E.g. ">= 2.5x". */
  goal: string;
  /** Absent where the run has no figure for it. */
  reached?: Spread;
  unit: "x" | "";
  /** "unmeasured": its section was left out, or a contender was disqualified. */
  verdict: "met" | "missed" | "unmeasured";
}

export function metricOf(sample: Sample, metric: Metric): number {
  switch (metric) {
    case "redisCommandUs":
      return sample.redis?.commandUs ?? Number.NaN;
    case "redisCommands":
      return sample.redis?.commands ?? Number.NaN;
    default:
      return sample[metric];
  }
}

/** Every goal, or only those of the sections that ran: a goal of a workload that ran must have its figures. */
export function checkGoals(evidence: Evidence, against: readonly Goal[] = goals): GoalResult[] {
  return against.map((goal) => {
    const { id, row, who, bound } = goal;
    const unit = goal.kind === "ratio" ? "x" : "";
    const words = "atLeast" in bound ? `>= ${bound.atLeast}${unit}` : `<= ${bound.atMost}${unit}`;
    const reached = reachedBy(goal, evidence);
    const base = { id, row, who, goal: words, unit } as const;
    if (reached === undefined) return { ...base, verdict: "unmeasured" };
    const isMet = "atLeast" in bound ? reached.median >= bound.atLeast : reached.median <= bound.atMost;
    return { ...base, reached, verdict: isMet ? "met" : "missed" };
  });
}

function reachedBy(goal: Goal, { measured, bytes, payment }: Evidence): Spread | undefined {
  if (goal.kind === "bytes") return one(bytes?.[goal.of]);
  if (goal.kind === "payment") return one(payment?.[goal.of]);
  const valuesOf = (contender: string) =>
    measured
      .find(
        (row) =>
          row.workload === goal.workload &&
          row.inFlight === goal.inFlight &&
          row.contender === contender &&
          row.server !== "cluster",
      )
      ?.samples.map((sample) => metricOf(sample, goal.metric));
  const ours = valuesOf(goal.ours);
  if (goal.kind === "value") return ours && spread(ours);
  const theirs = valuesOf(goal.theirs);
  return ours && theirs && ratios(ours, theirs);
}

function one(value: number | undefined): Spread | undefined {
  return value === undefined ? undefined : spread([value]);
}
