// A server that several processes keep busy at once: how much of a core it uses, and what it carries.
import type { RedisEndpoint } from "@tollbooth-stores/redis-testkit";
import { readCounters, usageOf } from "./redis-usage.ts";
import type { RunningServer } from "./run-scene.ts";
import { startWorker } from "./start-worker.ts";
import { median } from "./statistics.ts";

/** Medians of the rounds. */
export interface Saturation {
  workload: string;
  processes: number;
  inFlightEach: number;
  opsPerSecond: number;
  /** Redis's share of one core, 0 to 1. */
  busy: number;
}

interface Load {
  workload: string;
  contender: string;
  processes: number;
  inFlightEach: number;
  rounds: number;
  sliceMs: number;
}

export async function saturate(load: Load, { server, primaries }: RunningServer): Promise<Saturation> {
  const { workload, contender, processes, inFlightEach, rounds, sliceMs } = load;
  const started = await Promise.allSettled(
    Array.from({ length: processes }, () => startWorker({ workload, contender, server })),
  );
  const workers = started.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  try {
    for (const start of started) if (start.status === "rejected") throw start.reason;
    const slices = (ms: number) => Promise.all(workers.map((worker) => worker.run({ inFlight: inFlightEach, ms })));
    await slices(sliceMs);
    const samples: { opsPerSecond: number; busy: number }[] = [];
    for (let round = 0; round < rounds; round += 1) samples.push(await oneRound(() => slices(sliceMs), primaries));
    const of = (name: keyof (typeof samples)[number]) => median(samples.map((sample) => sample[name]));
    return {
      workload,
      processes,
      inFlightEach,
      opsPerSecond: of("opsPerSecond"),
      busy: of("busy"),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

async function oneRound(slices: () => Promise<{ operations: number }[]>, primaries: readonly RedisEndpoint[]) {
  const before = await readCounters(primaries);
  const began = performance.now();
  const done = await slices();
  const seconds = (performance.now() - began) / 1_000;
  const operations = done.reduce((sum, slice) => sum + slice.operations, 0);
  const { cpuUs } = usageOf(before, await readCounters(primaries), operations);
  const opsPerSecond = operations / seconds;
  return { opsPerSecond, busy: (cpuUs * opsPerSecond) / 1_000_000 };
}
