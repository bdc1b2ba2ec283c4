// What store operations took within the last minute, from the gateways' histograms, and their errors since the start.
import { bucketMs, type GatewayReport } from "@tollbooth-stores/example";
import { lastMinute } from "./last-minute.ts";
import type { StoreState } from "./state.ts";

export interface StoreLatency {
  heard(operations: Pick<GatewayReport["operations"], "latencies" | "errors">): void;
  state(): StoreState;
}

type Histogram = Map<number, number>;

export function storeLatency(now: () => number): StoreLatency {
  const perSecond = lastMinute<Histogram>(() => new Map());
  const errors = new Map<string, number>();
  return {
    heard({ latencies, errors: codes }) {
      for (const [bucket, count] of latencies) add(perSecond.at(now()), bucket, count);
      for (const [code, count] of Object.entries(codes)) errors.set(code, (errors.get(code) ?? 0) + count);
    },
    state() {
      const seconds = perSecond.all(now());
      const minute: Histogram = new Map();
      for (const second of seconds) for (const [bucket, count] of second ?? []) add(minute, bucket, count);
      return {
        operations: sum(minute),
        p50Ms: quantile(minute, 0.5),
        p99Ms: quantile(minute, 0.99),
        medians: seconds.map((second) => (second && quantile(second, 0.5)) ?? 0),
        errors: Object.fromEntries(errors),
      };
    },
  };
}

function add(histogram: Histogram, bucket: number, count: number): void {
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + count);
}

function sum(histogram: Histogram): number {
  return [...histogram.values()].reduce((all, count) => all + count, 0);
}

/** In milliseconds, to three significant digits; undefined where there is nothing. */
function quantile(histogram: Histogram, part: number): number | undefined {
  let left = Math.ceil(sum(histogram) * part);
  for (const [bucket, count] of [...histogram].sort(([a], [b]) => a - b)) {
    left -= count;
    if (left <= 0) return Number(bucketMs(bucket).toPrecision(3));
  }
  return undefined;
}
