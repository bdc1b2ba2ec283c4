// The time that a lane's gateways spend in their stores, by the stores' own telemetry.
import { readStoreReport, type StoreReport } from "../fleet/store-report.ts";
import { addTo, countOf, type Histogram, quantile, totalMsOf } from "../latency-histogram.ts";

/** Of all gateways of a lane so far. */
export interface StoreTimes {
  /** Calls of the stores, waits for another caller's result left out. */
  calls: number;
  /** All calls together, in milliseconds, within ten percent. */
  totalMs: number;
  /** Of one call. Undefined where there was none. */
  p50Ms: number | undefined;
  p99Ms: number | undefined;
}

export interface StoreTimesWatch {
  /** Takes a gateway's message. Only reports count. A report is at most a quarter of a second late. */
  heard(message: unknown): void;
  /** Counts the reports that follow for this phase. */
  phase(name: string): void;
  /** Of all phases, or of one. */
  state(phase?: string): StoreTimes;
}

export function watchStoreTimes(): StoreTimesWatch {
  const all: Histogram = new Map();
  const phases = new Map<string, Histogram>();
  let current: Histogram = new Map();
  return {
    heard(message) {
      const report: StoreReport | undefined = readStoreReport(message);
      if (report === undefined) return;
      addTo(all, report.operations.latencies);
      addTo(current, report.operations.latencies);
    },
    phase(name) {
      current = phases.get(name) ?? new Map();
      phases.set(name, current);
    },
    state(phase) {
      const histogram = phase === undefined ? all : (phases.get(phase) ?? new Map());
      return {
        calls: countOf(histogram),
        totalMs: totalMsOf(histogram),
        p50Ms: quantile(histogram, 0.5),
        p99Ms: quantile(histogram, 0.99),
      };
    },
  };
}
