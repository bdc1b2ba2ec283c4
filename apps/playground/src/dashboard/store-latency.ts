// What store operations took within the last minute, from the gateways' histograms, and their errors since the start.
import type { StoreReport } from "../fleet/store-report.ts";
import { addTo, countOf, type Histogram, quantile } from "../latency-histogram.ts";
import { lastMinute } from "./last-minute.ts";
import type { StoreState } from "./state.ts";

export interface StoreLatency {
  heard(operations: Pick<StoreReport["operations"], "latencies" | "errors">): void;
  state(): StoreState;
}

export function storeLatency(now: () => number): StoreLatency {
  const perSecond = lastMinute<Histogram>(() => new Map());
  const errors = new Map<string, number>();
  return {
    heard({ latencies, errors: codes }) {
      addTo(perSecond.at(now()), latencies);
      for (const [code, count] of Object.entries(codes)) errors.set(code, (errors.get(code) ?? 0) + count);
    },
    state() {
      const seconds = perSecond.all(now());
      const minute: Histogram = new Map();
      for (const second of seconds) addTo(minute, second ?? []);
      return {
        operations: countOf(minute),
        p50Ms: quantile(minute, 0.5),
        p99Ms: quantile(minute, 0.99),
        medians: seconds.map((second) => (second && quantile(second, 0.5)) ?? 0),
        errors: Object.fromEntries(errors),
      };
    },
  };
}
