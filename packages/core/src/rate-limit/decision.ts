// Turns a state and a block into the decision that callers get.
import type { Algorithm } from "./algorithm.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";

/** Whether `limit.cost` would fit now, and what remains before it is taken. */
export function decisionOn<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  state: S,
  blockedMs: number,
  nowMs: number,
): RateLimitDecision {
  if (limit.capacity === 0) {
    return { allowed: false, limit: limit.limit, remaining: 0, retryAfterMs: null, resetAfterMs: 0, source: "store" };
  }
  const remaining = algorithm.remaining(state, limit, nowMs);
  const fits = limit.cost <= remaining;
  let retryAfterMs: number | null = blockedMs;
  if (limit.cost > limit.capacity) retryAfterMs = null;
  else if (!fits) retryAfterMs = Math.max(blockedMs, algorithm.waitMs(state, limit, limit.cost, nowMs));
  return {
    allowed: fits && blockedMs === 0,
    limit: limit.limit,
    remaining: blockedMs > 0 ? 0 : Math.max(0, remaining),
    retryAfterMs,
    resetAfterMs: Math.max(blockedMs, algorithm.resetMs(state, limit, nowMs)),
    source: "store",
  };
}
