// Reads the logs of the ledger, its facilitator and the upstream again and again, and counts what became of the payments.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { followLog } from "./follow-log.ts";
import { paymentTally } from "./payment-counts.ts";
import type { PaymentCounts } from "./state.ts";

export interface PaymentLogs {
  counts(): PaymentCounts;
  /** Resolves when the files are closed. Idempotent. */
  close(): Promise<void>;
}

/**
 * `everyMs` between two looks. The ledger's log is read before the others, and all are counted at once: a transfer that is
 * counted has its verification and its run counted, too.
 */
export function paymentLogs(directory: string, onChange: () => void, everyMs = 200): PaymentLogs {
  const logs = ["ledger", "facilitator", "upstream"].map((name) => followLog(join(directory, `${name}.jsonl`)));
  const tally = paymentTally();
  const closing = new AbortController();
  const look = async () => {
    const entries: Record<string, unknown>[] = [];
    for (const log of logs) entries.push(...(await log.look()));
    for (const entry of entries) tally.line(entry);
    if (entries.length > 0) onChange();
  };
  const follow = async () => {
    while (!closing.signal.aborted) {
      await look().catch((error: unknown) => {
        console.error(`dashboard: the logs: ${error instanceof Error ? error.message : "cannot be read"}`);
        closing.abort();
      });
      await sleep(everyMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    }
    for (const log of logs) await log.close();
  };
  const followed = follow();
  return {
    counts: tally.counts,
    close() {
      closing.abort();
      return followed;
    },
  };
}
