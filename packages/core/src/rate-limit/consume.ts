// consume: takes the cost if it fits. A denied cost changes nothing but a state that a clock's step back left behind.
import type { Step, StoredRecord } from "../atomic-port.ts";
import { type Algorithm, formatReceipt } from "./algorithm.ts";
import { decisionOn } from "./decision.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";
import { blockedForMs, bodyOf, clampOf, readState, recordOf } from "./record.ts";

/** The transition of `RateLimitStore.consume`. A cost of 0 changes nothing, as peek. */
export function consume<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  record: StoredRecord | null,
  nowMs: number,
): Step<RateLimitDecision> {
  const { cost } = limit;
  const body = bodyOf(record);
  const state = readState(algorithm, limit, body, nowMs);
  const blockedMs = blockedForMs(body, nowMs);
  const remaining = algorithm.remaining(state, limit, nowMs);
  if (cost === 0 || blockedMs > 0 || cost > remaining) {
    const reply = decisionOn(algorithm, limit, state, blockedMs, nowMs);
    const clamp = cost === 0 ? undefined : clampOf(algorithm, limit, body, nowMs);
    return clamp === undefined ? { reply } : { writes: [clamp], reply };
  }
  const after = algorithm.take(state, limit, cost, nowMs);
  const reply: RateLimitDecision = {
    allowed: true,
    limit: limit.limit,
    remaining: remaining - cost,
    retryAfterMs: 0,
    resetAfterMs: algorithm.resetMs(after, limit, nowMs),
    receipt: formatReceipt(algorithm.tag, algorithm.receiptOf(after, limit, cost)),
    source: "store",
  };
  return { writes: [recordOf(algorithm, limit, after, 0, nowMs)], reply };
}
