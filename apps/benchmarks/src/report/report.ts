// What a run is kept as: the JSON from which every page and figure is made.
import { checkGoals, type GoalResult, metricOf } from "../check-goals.ts";
import type { BytesAnIdentity } from "../measuring/bytes.ts";
import type { Disqualified, Measured, Pace, Sample } from "../measuring/run-scene.ts";
import type { Saturation } from "../measuring/saturate.ts";
import { type Spread, spread } from "../measuring/statistics.ts";
import type { PaymentTrace } from "../measuring/trace-payment.ts";
import type { Outcome } from "../run.ts";
import type { Environment } from "./environment.ts";

/** One contender with so many calls in flight: medians of the rounds, and how far they lie apart. */
export interface Row extends Omit<Measured, "samples"> {
  opsPerSecond: Spread;
  p50Us: Spread;
  p99Us: Spread;
  clientCpuUs: Spread;
  /** Absent where there is no Redis. Each is for one operation. */
  redis?: { commandUs: Spread; cpuUs: Spread; commands: Spread; reads: Spread };
}

export interface Report {
  environment: Environment;
  pace: Pace;
  goals: GoalResult[];
  rows: Row[];
  bytes?: BytesAnIdentity;
  payment?: PaymentTrace;
  saturation?: Saturation;
  disqualified: Disqualified[];
}

export function reportOf(outcome: Outcome, environment: Environment): Report {
  const { measured, bytes, payment, saturation, disqualified, pace } = outcome;
  return {
    environment,
    pace,
    goals: checkGoals(outcome),
    rows: measured.map(rowOf),
    ...(bytes && { bytes }),
    ...(payment && { payment }),
    ...(saturation && { saturation }),
    disqualified,
  };
}

function rowOf({ samples, ...row }: Measured): Row {
  const of = (value: (sample: Sample) => number) => rounded(spread(samples.map(value)));
  const onRedis = samples.every(({ redis }) => redis !== undefined);
  return {
    ...row,
    opsPerSecond: of((sample) => sample.opsPerSecond),
    p50Us: of((sample) => sample.p50Us),
    p99Us: of((sample) => sample.p99Us),
    clientCpuUs: of((sample) => sample.clientCpuUs),
    ...(onRedis && {
      redis: {
        commandUs: of((sample) => metricOf(sample, "redisCommandUs")),
        cpuUs: of(({ redis }) => redis?.cpuUs ?? Number.NaN),
        commands: of((sample) => metricOf(sample, "redisCommands")),
        reads: of(({ redis }) => redis?.reads ?? Number.NaN),
      },
    }),
  };
}

/** Four digits: more would be noise, and would change every line of the file at each run. */
function rounded({ median, low, high }: Spread): Spread {
  const short = (value: number) => Number(value.toPrecision(4));
  return { median: short(median), low: short(low), high: short(high) };
}
