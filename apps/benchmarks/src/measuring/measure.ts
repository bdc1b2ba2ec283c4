// One slice of one subject: so many calls in flight for so long.
import { percentile } from "./statistics.ts";
import type { Subject } from "./subject.ts";

export interface SliceRequest {
  inFlight: number;
  ms: number;
}

/** What the measuring process saw. */
export interface Slice {
  operations: number;
  wrong: number;
  opsPerSecond: number;
  p50Us: number;
  p99Us: number;
  /** Of the whole process, its garbage collection included. */
  clientCpuUs: number;
}

/** The latencies of the last million calls are kept. */
const KEPT = 2 ** 20;
const latencies = new Float64Array(KEPT);
let turn = 0;

/** Runs `inFlight` callers, each of which calls again as soon as it has its answer. */
export async function measure(subject: Subject, { inFlight, ms }: SliceRequest): Promise<Slice> {
  let operations = 0;
  let wrong = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + ms;
  const caller = async () => {
    let began = performance.now();
    // At least one call each, however long the process was kept from its core.
    do {
      const right = await subject.operation(turn++);
      const now = performance.now();
      latencies[operations % KEPT] = now - began;
      operations += 1;
      if (!right) wrong += 1;
      began = now;
    } while (began < end);
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = latencies.slice(0, Math.min(operations, KEPT)).sort();
  return {
    operations,
    wrong,
    opsPerSecond: (operations / elapsedMs) * 1_000,
    p50Us: percentile(sorted, 0.5) * 1_000,
    p99Us: percentile(sorted, 0.99) * 1_000,
    clientCpuUs: (user + system) / operations,
  };
}
