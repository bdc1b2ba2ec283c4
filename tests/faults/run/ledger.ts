// The run's ledger: it checks no nonce, so that a second transfer shows, and counts what payOnce answered as fresh.
import { setTimeout as sleep } from "node:timers/promises";
import type { RunJobs, Step } from "../contract.ts";

export interface Ledger {
  readonly jobs: RunJobs;
  transfers(id: string): number;
  /** Payments that moved more than once, with how often. */
  movedTwice(): string[];
  /** Payments that were answered as fresh more than once. */
  freshTwice(): string[];
  /** Called where an instance reaches a step of this payment that it was told to stop at. */
  onReached(id: string, stop: (step: Step) => Promise<"go" | "abort">): void;
  /** Transfers of this payment take so long. */
  slow(id: string, ms: number): void;
  /** This payment has not moved and never will. */
  makeVoid(id: string): void;
  /** How many payments moved. */
  moved(): number;
}

export function openLedger(): Ledger {
  const moves = new Map<string, number>();
  const freshes = new Map<string, number>();
  const stops = new Map<string, (step: Step) => Promise<"go" | "abort">>();
  const delays = new Map<string, number>();
  const voids = new Set<string>();
  const add = (to: Map<string, number>, id: string) => void to.set(id, (to.get(id) ?? 0) + 1);
  const twice = (of: Map<string, number>) =>
    [...of].filter(([, times]) => times > 1).map(([id, times]) => `${id}: ${times} times`);
  const receipt = (id: string) => ({ receipt: `receipt of ${id}` });
  return {
    jobs: {
      async transfer(id, movesOnce) {
        await sleep(delays.get(id) ?? 0);
        if (movesOnce && moves.has(id)) return { refused: "The authorization is used." };
        add(moves, id);
        return receipt(id);
      },
      find: (id) => (moves.has(id) ? receipt(id) : voids.has(id) ? "void" : "unknown"),
      fresh: (id) => add(freshes, id),
      reached: async (step, id) => (await stops.get(id)?.(step)) ?? "go",
    },
    transfers: (id) => moves.get(id) ?? 0,
    movedTwice: () => twice(moves),
    freshTwice: () => twice(freshes),
    onReached: (id, stop) => void stops.set(id, stop),
    slow: (id, ms) => void delays.set(id, ms),
    makeVoid: (id) => void voids.add(id),
    moved: () => moves.size,
  };
}
