// Latencies of several gateways, merged.

import { expect, test } from "vitest";
import { latencyBucket } from "../fleet/store-report.ts";
import { storeLatency } from "./store-latency.ts";

test("the quantiles are those of all gateways together, within a bucket's width", () => {
  const stores = storeLatency(() => 0);
  stores.heard({ latencies: [[latencyBucket(1), 98]], errors: {} });
  stores.heard({ latencies: [[latencyBucket(40), 2]], errors: {} });
  const { operations, p50Ms = 0, p99Ms = 0 } = stores.state();
  expect(operations).toBe(100);
  expect(Math.abs(p50Ms - 1)).toBeLessThan(0.1);
  expect(Math.abs(p99Ms - 40)).toBeLessThan(4);
});

test("a second without operations is 0, a minute later nothing is known any more; errors stay", () => {
  let now = 10_000_000;
  const stores = storeLatency(() => now);
  stores.heard({ latencies: [[latencyBucket(2), 1]], errors: { STORE_UNAVAILABLE: 2 } });
  now += 1_000;
  stores.heard({ latencies: [], errors: { STORE_UNAVAILABLE: 1, OTHER: 1 } });
  const { medians } = stores.state();
  expect(medians).toHaveLength(60);
  expect(medians.at(-1)).toBe(0);
  expect(medians.at(-2)).toBeGreaterThan(1.8);
  now += 60_000;
  expect(stores.state()).toMatchObject({
    operations: 0,
    p50Ms: undefined,
    p99Ms: undefined,
    errors: { STORE_UNAVAILABLE: 3, OTHER: 1 },
  });
});
