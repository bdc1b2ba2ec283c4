// The time that a lane's gateways spend in their stores, by the stores' own telemetry.
import { type GatewayReport, readGatewayReport } from "@tollbooth-stores/example";
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
  /** A message of a gateway; what is no report is left out. */
  heard(message: unknown): void;
  state(): StoreTimes;
}

export function watchStoreTimes(): StoreTimesWatch {
  const histogram: Histogram = new Map();
  return {
    heard(message) {
      const report: GatewayReport | undefined = readGatewayReport(message);
      if (report !== undefined) addTo(histogram, report.operations.latencies);
    },
    state: () => ({
      calls: countOf(histogram),
      totalMs: totalMsOf(histogram),
      p50Ms: quantile(histogram, 0.5),
      p99Ms: quantile(histogram, 0.99),
    }),
  };
}
