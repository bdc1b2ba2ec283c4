// Samplers under a stepped clock, and what they tell.
import { afterEach, beforeEach, vi } from "vitest";
import { type Collected, collected } from "./collected.test-support.ts";
import { instrument, type Telemetry } from "./instrument.ts";

export interface Sampled {
  /** Of the test that runs. */
  readonly telemetry: Telemetry;
  /** The points whose metric begins with this, without it. */
  told(name: string): Promise<Record<string, number | [count: number, sum: number]>>;
  /** Samples that failed. */
  failures(): Promise<unknown>;
}

/** Steps the clock, and lets go on whatever waits for it. */
export const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));

export function sampledForEachTest(): Sampled {
  let metrics: Collected;
  let telemetry: Telemetry;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"], now: 1_000_000 });
    metrics = collected();
    telemetry = instrument({ meterProvider: metrics.provider });
  });
  afterEach(() => {
    telemetry.stop();
    vi.useRealTimers();
  });
  const told: Sampled["told"] = async (name) => {
    const points = Object.entries(await metrics.points()).filter(([point]) => point.startsWith(name));
    return Object.fromEntries(points.map(([point, value]) => [point.slice(name.length), value]));
  };
  return {
    get telemetry() {
      return telemetry;
    },
    told,
    failures: async () => Object.values(await told("sample.failures"))[0] ?? 0,
  };
}

type Ask = (command?: string, section?: string) => Promise<string>;

/** A server that says this of INFO. */
export const info =
  (memory: string, stats: string): Ask =>
  async (command, section) =>
    command === "PING" ? "PONG" : section === "memory" ? memory : stats;

export const well: Ask = info("# Memory\r\nused_memory:500\r\nmaxmemory:1000\r\n", "evicted_keys:7\r\n");
