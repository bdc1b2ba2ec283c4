// charge: takes a cost that has already arisen, whether it fits or not, down to minus the capacity.
import type { Step, StoredRecord } from "../atomic-port.ts";
import { type Algorithm, formatReceipt } from "./algorithm.ts";
import { decisionOn } from "./decision.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";
import { blockedForMs, bodyOf, clampOf, readState, recordOf } from "./record.ts";

/**
 * The transition of `RateLimitStore.charge`. `allowed` says whether the cost would have fitted; `retryAfterMs` says
 * when the same cost fits after this one. Where the limit was lowered below the existing debt, nothing more is taken.
 */
export function charge<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  record: StoredRecord | null,
  nowMs: number,
): Step<RateLimitDecision> {
  const body = bodyOf(record);
  const state = readState(algorithm, limit, body, nowMs);
  const blockedMs = blockedForMs(body, nowMs);
  const before = decisionOn(algorithm, limit, state, blockedMs, nowMs);
  // Nothing is taken where the capacity is 0, because the balance is not above 0 then.
  const taken = Math.min(limit.cost, algorithm.remaining(state, limit, nowMs) + limit.capacity);
  if (taken <= 0) {
    const clamp = limit.cost === 0 ? undefined : clampOf(algorithm, limit, body, nowMs);
    return clamp === undefined ? { reply: before } : { writes: [clamp], reply: before };
  }
  const after = algorithm.take(state, limit, taken, nowMs);
  const reply = decisionOn(algorithm, limit, after, blockedMs, nowMs);
  if (before.allowed) {
    reply.allowed = true;
    reply.retryAfterMs = 0;
  }
  reply.receipt = formatReceipt(algorithm.tag, algorithm.receiptOf(after, limit, taken));
  return { writes: [recordOf(algorithm, limit, after, blockedMs, nowMs)], reply };
}
