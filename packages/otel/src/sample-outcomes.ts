// How the samplers fare. A failed sample leaves the last good one's values, so their age is told too.
import type { Meter, ObservableCallback } from "@opentelemetry/api";
import { guarded } from "./guarded.ts";
import { attribute } from "./names.ts";

export type SampleName = "payments" | "redis";

export interface SampleOutcomes {
  /** The sampler was started: its age counts from now. */
  started(name: SampleName): void;
  good(name: SampleName): void;
  failed(name: SampleName): void;
  ended(name: SampleName): void;
  stop(): void;
}

export function sampleOutcomes(meter: Meter): SampleOutcomes {
  const goodAtMs = new Map<SampleName, number>();
  const failures = meter.createCounter("tollbooth.sample.failures", {
    description: "Samples that failed or took too long.",
    unit: "{sample}",
  });
  const age = meter.createObservableGauge("tollbooth.sample.age", {
    description: "Time since the last good sample, whose values are still told.",
    unit: "s",
  });
  const observe: ObservableCallback = (result) => {
    for (const [name, atMs] of goodAtMs) {
      result.observe((performance.now() - atMs) / 1_000, { [attribute.sample]: name });
    }
  };
  age.addCallback(observe);
  const good = (name: SampleName) => void goodAtMs.set(name, performance.now());
  return {
    started(name) {
      good(name);
      failures.add(0, { [attribute.sample]: name });
    },
    good,
    failed: guarded((name) => failures.add(1, { [attribute.sample]: name })),
    ended: (name) => void goodAtMs.delete(name),
    stop: () => age.removeCallback(observe),
  };
}
