// In an instance's process: what a lane of the load is given.
import type { Stores } from "@tollbooth-stores/core";
import type { RunJobs } from "../contract.ts";
import type { Remote } from "../wire.ts";
import type { Facts } from "./facts.ts";
import type { Tally } from "./tally.ts";

export interface LaneContext {
  stores: Stores;
  tally: Tally;
  facts: Facts;
  run: Remote<RunJobs>;
  /** Starts the names of this lane's keys. */
  name: string;
  /** Names what all instances of the load share. */
  shared: string;
  /** The load ends: calls without an answer are given up. */
  stopping(): boolean;
  pause(): Promise<void>;
}

/** Does one piece of work after the other until the load ends. */
export type Lane = (context: LaneContext) => Promise<void>;

/** Calls again until there is an answer, for calls that may be repeated; undefined where the load ends before. */
export async function untilAnswered<R>(
  { tally, stopping, pause }: LaneContext,
  what: string,
  call: () => Promise<R>,
): Promise<R | undefined> {
  while (!stopping()) {
    const tried = await tally.run(what, call);
    if ("value" in tried) return tried.value;
    await pause();
  }
  return undefined;
}
