// A row of the table: a fault, where it is played, and what one trial of it shows.
import type { Loss } from "../bounds.ts";
import type { Client, Mistake } from "../contract.ts";
import type { Random } from "../random.ts";
import type { Instance } from "../run/instances.ts";
import type { Ledger } from "../run/ledger.ts";
import type { Topology, World } from "../worlds/world.ts";

/** What a trial is played on. */
export interface Stage {
  readonly world: World;
  readonly random: Random;
  /** A prefix of keys that no other trial has. */
  readonly name: string;
  readonly ledger: Ledger;
  /** Instances with open stores, one for each client. */
  readonly instances: readonly Instance[];
  /** How many rounds a trial of calls has; see `Row.rounds`. */
  readonly rounds: number;
  /** One more, or one that takes the place of a killed one. It is ended with the trial. */
  start(client: Client): Promise<Instance>;
}

/** What one trial shows of one client. */
export interface Shown {
  client: Client;
  /** From the service being back to calls succeeding on every key, in milliseconds. */
  recoveredMs?: number;
  answered: number;
  notApplied: number;
  unknown: number;
  /** Acknowledged effects that Redis lost, and the time that their acknowledgements span. */
  lost: number;
  lostSpanMs: number;
}

export interface Outcome {
  /** What shows that the fault landed. */
  proof: string;
  /** What must not be. Each counts. */
  unsafe: string[];
  /** Empty where no load was played. */
  shown: Shown[];
  /** How often the fault was brought about, with each client. Default 1. */
  rounds?: number;
}

/** A fault that was brought about, and is over as far as the service goes. */
export interface Struck {
  /** What shows that it landed. */
  proof: string;
  /** From when on calls could succeed again. */
  backAtMs: number;
  /** Puts the servers back as they were, once the times are taken. */
  mend?(): Promise<void>;
}

export interface FaultUnderLoad {
  loss: Loss;
  /** Redis may lose what it acknowledged last, because another server became the primary. Default false. */
  mayLose?: boolean;
  strike(stage: Stage): Promise<Struck>;
  mistake?: Mistake;
  /** True: no call may be refused. Default false. */
  unnoticed?: boolean;
}

export interface Row {
  /** Names it on the command line. */
  name: string;
  title: string;
  /** The faults of docs/faults.md that it plays. */
  faults: readonly number[];
  on: readonly Topology[];
  /** How many rounds a trial has, and how many in `npm test`. Default 1: a trial takes seconds. */
  rounds?: readonly [all: number, quick: number];
  /** Played by `npm run faults` alone, because it takes so long. */
  byHand?: boolean;
  /** Brought about under the load of all instances. A row without one says how a trial is played. */
  fault?: FaultUnderLoad;
  play?(stage: Stage): Promise<Outcome>;
}
