// Reconciles payments in doubt again and again, whose payers do not come back.
import type { Reconciled, ReconcileOptions } from "@tollbooth-stores/core";
import { quietly } from "./quietly.ts";

/** What came of a round. */
export type ReconcileRound =
  | { readonly ok: true; readonly reconciled: Reconciled }
  | { readonly ok: false; readonly error: unknown };

/** `intervalMs`: at most LONGEST_TIMER_MS. `onRound` is called after each round. The next one runs also where it throws or rejects. */
export function reconcileEvery(
  intervalMs: number,
  reconcile: (options: ReconcileOptions) => Promise<Reconciled>,
  onRound: (round: ReconcileRound) => void = () => {},
): () => Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  const rounds = async () => {
    while (!signal.aborted) {
      await pause(intervalMs, signal);
      if (signal.aborted) return;
      const round = await reconcile({ signal }).then(
        (reconciled): ReconcileRound => ({ ok: true, reconciled }),
        (error: unknown): ReconcileRound => ({ ok: false, error }),
      );
      if (!signal.aborted || round.ok) void quietly("reconcileEvery: onRound", () => onRound(round));
    }
  };
  const running = rounds();
  return async () => {
    ended.abort();
    await running;
  };
}

/** Ends at once when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms).unref();
    signal.addEventListener("abort", over);
  });
}
