// refund: gives back what a receipt took, while its window runs. Never creates a record, never moves an end outwards.
import type { Step, StoredRecord } from "../atomic-port.ts";
import type { Algorithm, Receipt } from "./algorithm.ts";
import { decisionOn } from "./decision.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";
import { blockedForMs, bodyOf, readState, recordOf } from "./record.ts";

/** The transition of `RateLimitStore.refund`. Answers as peek would afterwards. */
export function refund<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  receipt: Receipt,
  record: StoredRecord | null,
  nowMs: number,
): Step<RateLimitDecision> {
  const body = bodyOf(record);
  const state = readState(algorithm, limit, body, nowMs);
  const blockedMs = blockedForMs(body, nowMs);
  const after = algorithm.giveBack(state, receipt, nowMs);
  const reply = decisionOn(algorithm, limit, after, blockedMs, nowMs);
  return after === state ? { reply } : { writes: [recordOf(algorithm, limit, after, blockedMs, nowMs)], reply };
}
