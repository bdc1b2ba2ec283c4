// One scene: its contenders in turn, round by round, each in a process of its own.
import type { RedisEndpoint } from "@tollbooth-stores/redis-testkit";
import type { Scene } from "../scenes.ts";
import { workloads } from "../workloads.ts";
import type { Slice } from "./measure.ts";
import { type RedisUsage, readCounters, usageOf } from "./redis-usage.ts";
import { startWorker, type Worker } from "./start-worker.ts";
import type { Server } from "./subject.ts";

/** A Redis, or a cluster, that runs. `primaries` is empty where there is none. */
export interface RunningServer {
  server: Server;
  primaries: readonly RedisEndpoint[];
}

export interface Pace {
  rounds: number;
  sliceMs: number;
  warmUpMs: number;
}

/** One slice, seen from both sides. */
export type Sample = Slice & { redis?: RedisUsage };

/** One contender with so many calls in flight, over all rounds. */
export interface Measured {
  section: string;
  workload: string;
  server: Scene["server"];
  inFlight: number;
  contender: string;
  samples: Sample[];
}

/** A contender whose check failed. It has no figures. */
export interface Disqualified {
  workload: string;
  server: Scene["server"];
  contender: string;
  reason: string;
}

interface Runner {
  contender: string;
  worker: Worker;
}

export async function runScene(
  scene: Scene,
  { server, primaries }: RunningServer,
  pace: Pace,
  quick: boolean,
): Promise<{ measured: Measured[]; disqualified: Disqualified[] }> {
  const { section, workload } = scene;
  const disqualified: Disqualified[] = [];
  const runners: Runner[] = [];
  const out = (contender: string, reason: string) =>
    disqualified.push({ workload, server: scene.server, contender, reason });
  try {
    const started = contendersOf(scene, quick).map(async (contender) => {
      try {
        return { contender, worker: await startWorker({ workload, contender, server }) };
      } catch (error) {
        out(contender, error instanceof Error ? error.message : String(error));
        return undefined;
      }
    });
    runners.push(...(await Promise.all(started)).filter((runner) => runner !== undefined));
    const measured: Measured[] = [];
    for (const inFlight of quick ? scene.quick : scene.inFlight) {
      const rows = runners.map(({ contender, worker }) => ({
        worker,
        row: { section, workload, server: scene.server, inFlight, contender, samples: [] as Sample[] },
      }));
      for (const { worker } of rows) await worker.run({ inFlight, ms: pace.warmUpMs });
      for (let round = 0; round < pace.rounds; round += 1) {
        // Another one begins each round, so that none always follows the same one.
        for (const { worker, row } of [...rows.slice(round % rows.length), ...rows.slice(0, round % rows.length)]) {
          row.samples.push(await sample(worker, inFlight, pace.sliceMs, primaries));
        }
      }
      measured.push(...rows.map(({ row }) => row));
    }
    const isRight = (row: Measured) => row.samples.every(({ wrong }) => wrong === 0);
    for (const { contender, inFlight } of measured.filter((row) => !isRight(row))) {
      out(contender, `It gave wrong answers with ${inFlight} in flight.`);
    }
    return { measured: measured.filter(isRight), disqualified };
  } finally {
    await Promise.all(runners.map(({ worker }) => worker.stop()));
  }
}

export function contendersOf({ workload, extras = [], only }: Scene, quick: boolean): string[] {
  const all = Object.keys(workloads[workload] ?? {});
  return all.filter((name) => (only?.includes(name) ?? true) && !(quick && extras.includes(name)));
}

async function sample(
  worker: Worker,
  inFlight: number,
  ms: number,
  primaries: readonly RedisEndpoint[],
): Promise<Sample> {
  if (primaries.length === 0) return worker.run({ inFlight, ms });
  const before = await readCounters(primaries);
  const slice = await worker.run({ inFlight, ms });
  return { ...slice, redis: usageOf(before, await readCounters(primaries), slice.operations) };
}
