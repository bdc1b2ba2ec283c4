// Reconciles payments in doubt again and again, whose payers do not come back.
import type { Reconciled, ReconcileOptions } from "@tollbooth-stores/core";

/** Told after each round: what came of it, or why it failed. The next round tries again, also where this throws or rejects. */
export type RoundTold = (
  outcome: { reconciled: Reconciled; error?: undefined } | { reconciled?: undefined; error: unknown },
) => void;

export function reconcileEvery(
  ms: number,
  reconcile: (options: ReconcileOptions) => Promise<Reconciled>,
  told: RoundTold = () => {},
): () => Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  const rounds = async () => {
    while (!signal.aborted) {
      await pause(ms, signal);
      if (signal.aborted) return;
      const outcome = await reconcile({ signal }).then(
        (reconciled) => ({ reconciled }),
        (error: unknown) => ({ error }),
      );
      if (!signal.aborted || "reconciled" in outcome) await quietly(() => told(outcome));
    }
  };
  const running = rounds();
  return async () => {
    ended.abort();
    await running;
  };
}

/** Payments in doubt are ended whatever becomes of the one who is told. */
async function quietly(tell: () => unknown): Promise<void> {
  try {
    await tell();
  } catch (error) {
    console.warn("reconcileEvery: the callback that is told of a round failed:", error);
  }
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
