// block: denies everything until an instant, stored in the client's own record beside what it has taken.
import type { Step, StoredRecord } from "../atomic-port.ts";
import type { Algorithm } from "./algorithm.ts";
import type { Limit } from "./policy.ts";
import { blockedForMs, bodyOf, readState, recordOf } from "./record.ts";

/** The transition of `RateLimitStore.block`. A longer block that is already there stays as it is. */
export function block<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  durationMs: number,
  record: StoredRecord | null,
  nowMs: number,
): Step<undefined> {
  const body = bodyOf(record);
  if (blockedForMs(body, nowMs) >= durationMs) return { reply: undefined };
  const state = readState(algorithm, limit, body, nowMs);
  return { writes: [recordOf(algorithm, limit, state, durationMs, nowMs)], reply: undefined };
}
