// peek: whether the cost would fit now. Changes nothing, creates nothing.
import type { Step, StoredRecord } from "../atomic-port.ts";
import type { Algorithm } from "./algorithm.ts";
import { decisionOn } from "./decision.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";
import { blockedForMs, bodyOf, readState } from "./record.ts";

/** The transition of `RateLimitStore.peek`. */
export function peek<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  record: StoredRecord | null,
  nowMs: number,
): Step<RateLimitDecision> {
  const body = bodyOf(record);
  const state = readState(algorithm, limit, body, nowMs);
  return { reply: decisionOn(algorithm, limit, state, blockedForMs(body, nowMs), nowMs) };
}
