// In an instance's process: every call of the load is timed; false answers and foreign errors are kept.
import { isStoreError } from "@tollbooth-stores/core";
import { DEADLINE_MS, MARGIN_MS } from "../bounds.ts";
import type { LoadReport, Lost } from "../contract.ts";
import { stallWatch } from "./stalls.ts";

export type Tried<R> = { value: R } | { failed: "not-applied" | "unknown" };

export interface Tally {
  /** One call. What fails as unavailable is counted; any other error is wrong. `mostMs`: null where it has no bound. */
  run<R>(what: string, call: () => Promise<R>, mostMs?: number | null): Promise<Tried<R>>;
  wrong(what: string): void;
  lost(lost: Lost): void;
  counts(): { answered: number; refused: number };
  report(): LoadReport;
  close(): void;
}

/** So many are told; their number is told in any case. */
const MOST_TOLD = 20;

export function openTally(): Tally {
  const stalls = stallWatch();
  const wrong: string[] = [];
  const late: string[] = [];
  const lost: Lost[] = [];
  let [answered, notApplied, unknown] = [0, 0, 0];
  const tell = (to: string[], text: string) => void (to.length < MOST_TOLD && to.push(text));
  return {
    async run(what, call, mostMs = DEADLINE_MS) {
      const startedAtMs = performance.now();
      try {
        const value = await call();
        answered += 1;
        return { value };
      } catch (error) {
        if (isStoreError(error, "STORE_UNAVAILABLE")) {
          if (error.outcome === "unknown") unknown += 1;
          else notApplied += 1;
          return { failed: error.outcome };
        }
        tell(wrong, `${what} threw ${isStoreError(error) ? `${error.code}: ${error.message}` : String(error)}`);
        return { failed: "unknown" };
      } finally {
        const tookMs = performance.now() - startedAtMs;
        if (mostMs !== null && tookMs > mostMs + MARGIN_MS + stalls.since(startedAtMs)) {
          tell(late, `${what} took ${Math.round(tookMs)} ms`);
        }
      }
    },
    wrong: (what) => tell(wrong, what),
    lost: ({ what, ackedAtMs }) => void lost.push({ what, ackedAtMs }),
    counts: () => ({ answered, refused: notApplied + unknown }),
    report: () => ({ answered, notApplied, unknown, wrong, late, lost, stalledMs: stalls.longest() }),
    close: () => stalls.close(),
  };
}
