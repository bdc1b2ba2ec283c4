// The drill hears what its gateways' stores took.

import { expect, test } from "vitest";
import { latencyBucket, type StoreReport } from "../fleet/store-report.ts";
import { watchStoreTimes } from "./store-times.ts";

const report = (latencies: StoreReport["operations"]["latencies"]): StoreReport => ({
  kind: "store-report",
  pid: 1,
  provider: "ioredis",
  shared: true,
  operations: { latencies, errors: {}, reached: {} },
});

test("calls of all gateways count together, and their durations add up", () => {
  const times = watchStoreTimes();
  times.heard(report([[latencyBucket(1), 98]]));
  times.heard(report([[latencyBucket(40), 2]]));
  const { calls, totalMs, p50Ms = 0, p99Ms = 0 } = times.state();
  expect(calls).toBe(100);
  expect(Math.abs(totalMs / 178 - 1)).toBeLessThan(0.1);
  expect(Math.abs(p50Ms - 1)).toBeLessThan(0.1);
  expect(Math.abs(p99Ms - 40)).toBeLessThan(4);
});

test("a message that is no report changes nothing", () => {
  const times = watchStoreTimes();
  times.heard({ kind: "listening", port: 1 });
  expect(times.state()).toEqual({ calls: 0, totalMs: 0, p50Ms: undefined, p99Ms: undefined });
});

test("a phase has the times of its own calls", () => {
  const times = watchStoreTimes();
  times.heard(report([[latencyBucket(500), 1]]));
  times.phase("steady");
  times.heard(report([[latencyBucket(1), 3]]));
  times.phase("kill -9");
  times.heard(report([[latencyBucket(500), 5]]));
  expect(times.state("steady").calls).toBe(3);
  expect(times.state("steady").totalMs).toBeLessThan(3.3);
  expect(times.state("kill -9").calls).toBe(5);
  expect(times.state("not begun").calls).toBe(0);
  expect(times.state().calls).toBe(9);
});
