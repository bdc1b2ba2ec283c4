// The run's ledger: it checks no nonce, so that a second transfer shows, and counts what payOnce answered as fresh.
import type { RunJobs, Step } from "../contract.ts";

export interface Ledger {
  readonly jobs: RunJobs;
  transfers(id: string): number;
  /** Payments that moved more than once, with how often. */
  movedTwice(): string[];
  /** Payments that were answered as fresh more than once. */
  freshTwice(): string[];
  /** Called where an instance reaches a step that it was told to stop at. */
  onReached(stop: (step: Step, id: string) => Promise<"go" | "fail">): void;
  /** What is not found has never moved and never will. */
  voidWhatIsNotFound(): void;
  /** How many payments moved. */
  moved(): number;
}

export function openLedger(): Ledger {
  const moves = new Map<string, number>();
  const freshes = new Map<string, number>();
  let stop = async (_step: Step, _id: string): Promise<"go" | "fail"> => "go";
  let unknown: "unknown" | "void" = "unknown";
  const add = (to: Map<string, number>, id: string) => void to.set(id, (to.get(id) ?? 0) + 1);
  const twice = (of: Map<string, number>) =>
    [...of].filter(([, times]) => times > 1).map(([id, times]) => `${id}: ${times} times`);
  const receipt = (id: string) => ({ receipt: `receipt of ${id}` });
  return {
    jobs: {
      async transfer(id, movesOnce) {
        if (movesOnce && moves.has(id)) return { refused: "The authorization is used." };
        add(moves, id);
        return receipt(id);
      },
      find: (id) => (moves.has(id) ? receipt(id) : unknown),
      fresh: (id) => add(freshes, id),
      reached: (step, id) => stop(step, id),
    },
    transfers: (id) => moves.get(id) ?? 0,
    movedTwice: () => twice(moves),
    freshTwice: () => twice(freshes),
    onReached(next) {
      stop = next;
    },
    voidWhatIsNotFound() {
      unknown = "void";
    },
    moved: () => moves.size,
  };
}
