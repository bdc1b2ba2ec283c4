// Plays rows on the topologies that they fit: servers once for each topology, processes anew for each trial or many.
import { randomNumbers } from "../random.ts";
import type { Outcome, Row, Stage } from "../rows/row.ts";
import { startWorld } from "../worlds/start-world.ts";
import { type Topology, topologies, type World } from "../worlds/world.ts";
import { type Crew, type Crews, openCrews } from "./crew.ts";
import { openLedger } from "./ledger.ts";
import { playUnderLoad } from "./under-load.ts";

export interface Trial extends Outcome {
  row: Row;
  topology: Topology;
  seed: number;
}

export interface RunOptions {
  rows: readonly Row[];
  seed: number;
  /** How many trials of a row on each topology. */
  trials(row: Row, topology: Topology): number;
  /** How many rounds a trial of it has. */
  rounds(row: Row, topology: Topology): number;
  /** Default all. */
  topologies?: readonly Topology[];
  /** Told of each trial as it ends. */
  played?(trial: Trial): void;
}

/** Trials of one topology one after the other, so that times are not those of another trial's load. */
export async function runRows(options: RunOptions): Promise<Trial[]> {
  const { rows, seed, trials, rounds, topologies: wanted = topologies, played = () => {} } = options;
  const done: Trial[] = [];
  for (const topology of wanted) {
    const due = rows
      .filter((row) => row.on.includes(topology))
      .flatMap((row) => Array.from({ length: trials(row, topology) }, (_, index) => ({ row, seed: seed + index })));
    if (due.length === 0) continue;
    let world = await startWorld(topology);
    const crews = openCrews();
    try {
      for (const [index, { row, seed }] of due.entries()) {
        const outcome = await playTrial(row, world, crews, {
          seed,
          rounds: rounds(row, topology),
          last: index === due.length - 1,
        });
        const trial = { row, topology, seed, ...outcome };
        done.push(trial);
        played(trial);
        if (outcome.proof !== "" && (await isWell(world))) continue;
        await world.stop();
        world = await startWorld(topology);
      }
    } finally {
      await world.stop();
    }
  }
  return done;
}

let names = 0;

function playOn(row: Row, stage: Stage): Promise<Outcome> {
  if (row.fault !== undefined) return playUnderLoad(stage, row.fault);
  if (row.play === undefined) throw new Error(`Nothing says how ${row.name} is played.`);
  return row.play(stage);
}

function isWell(world: World): Promise<boolean> {
  return world.settled().then(
    () => true,
    () => false,
  );
}

async function playTrial(
  row: Row,
  world: World,
  crews: Crews,
  { seed, rounds, last }: { seed: number; rounds: number; last: boolean },
): Promise<Outcome> {
  names += 1;
  const name = `trial-${names}`;
  const ledger = openLedger();
  let crew: Crew | undefined;
  let failed = true;
  try {
    crew = await crews.muster(world, name, ledger);
    const { instances, start } = crew;
    const outcome = await playOn(row, {
      world,
      random: randomNumbers(seed),
      ...{ name, ledger, instances, rounds, start },
    });
    failed = false;
    return { ...outcome, unsafe: [...outcome.unsafe, ...crew.crashes()] };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { proof: "", unsafe: [`the trial failed: ${text}`, ...(crew?.crashes() ?? [])], shown: [] };
  } finally {
    await crew?.dismiss(failed || last);
  }
}
