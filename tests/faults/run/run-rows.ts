// Plays rows on the topologies that they fit: servers once for each topology, processes anew for each trial or many.
import { type Client, clients } from "../contract.ts";
import { randomNumbers } from "../random.ts";
import type { Outcome, Row, Stage } from "../rows/row.ts";
import { startWorld } from "../worlds/start-world.ts";
import { type Topology, topologies, type World } from "../worlds/world.ts";
import { type Instance, startInstance } from "./instances.ts";
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
    try {
      for (const { row, seed } of due) {
        const trial = { row, topology, seed, ...(await playTrial(row, world, seed, rounds(row, topology))) };
        done.push(trial);
        played(trial);
        const isWell = await world.settled().then(
          () => true,
          () => false,
        );
        if (isWell) continue;
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

async function playTrial(row: Row, world: World, seed: number, rounds: number): Promise<Outcome> {
  names += 1;
  const name = `trial-${names}`;
  const ledger = openLedger();
  const instances: Instance[] = [];
  const start = async (client: Client) => {
    const instance = startInstance(client, ledger.jobs);
    instances.push(instance);
    await instance.jobs.open({ connection: world.connection, keyPrefix: name });
    return instance;
  };
  const crashes = () =>
    instances.flatMap(({ client, crash }) => (crash() === undefined ? [] : [`${client}: ${crash()}`]));
  try {
    const first = await Promise.all(clients.map(start));
    const stage = { world, random: randomNumbers(seed), name, ledger, instances: first, rounds, start };
    const outcome = await playOn(row, stage);
    return { ...outcome, unsafe: [...outcome.unsafe, ...crashes()] };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { proof: "", unsafe: [`the trial failed: ${text}`, ...crashes()], shown: [] };
  } finally {
    await Promise.all(instances.map((instance) => instance.end()));
  }
}
