// reset: forgets a client under one policy, with what it has taken and its block. It also deletes an unreadable record.
import type { Step, StoredRecord } from "../atomic-port.ts";

/** The transition of `RateLimitStore.reset`. True if there was a live record. */
export function reset(record: StoredRecord | null): Step<boolean> {
  return record === null ? { reply: false } : { writes: [null], reply: true };
}
