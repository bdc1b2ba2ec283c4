// reset: forgets a client under one policy, what it has taken and its block; also a record that cannot be read.
import type { Step, StoredRecord } from "../atomic-port.ts";

/** The transition of `RateLimitStore.reset`. True if there was a live record. */
export function reset(record: StoredRecord | null): Step<boolean> {
  return record === null ? { reply: false } : { writes: [null], reply: true };
}
