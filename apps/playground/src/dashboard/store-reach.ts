// Whether each gateway's stores answered when it asked them last, from what it reports: the page asks the stores nothing.
import type { StoreReport } from "../fleet/store-report.ts";
import { keepLatest } from "../keep-latest.ts";

export interface StoreReach {
  heard(report: Pick<StoreReport, "pid" | "operations">): void;
  /** True from an answer that did not come until one that does; false for a process that has told nothing. */
  away(pid: number | undefined): boolean;
}

/** Processes that have not been heard of for so many others are forgotten. */
const mostKept = 200;

export function storeReach(): StoreReach {
  const byProcess = new Map<number, Record<string, boolean>>();
  return {
    heard({ pid, operations }) {
      keepLatest(byProcess, mostKept, pid, { ...byProcess.get(pid), ...operations.reached });
    },
    away: (pid) => pid !== undefined && Object.values(byProcess.get(pid) ?? {}).includes(false),
  };
}
