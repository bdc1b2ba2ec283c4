// Token bucket as GCRA: the theoretical arrival time in integer microseconds, and how far ahead it may be.
import { type Algorithm, isCount, type Receipt } from "./algorithm.ts";
import type { Limit } from "./policy.ts";
import { corruptRecord } from "./record.ts";

/** Plain data, never mutated. */
export interface TokenBucketState {
  /** Microseconds since 1970 at which the bucket is full again. */
  readonly tatUs: number;
  /**
   * How far ahead of now, in microseconds, `tatUs` was allowed to be when something was last taken. It tells a larger
   * burst from a clock that stepped back.
   */
  readonly aheadUs: number;
}

function isState(stored: unknown): stored is TokenBucketState {
  if (typeof stored !== "object" || stored === null) return false;
  return "tatUs" in stored && isCount(stored.tatUs) && "aheadUs" in stored && isCount(stored.aheadUs);
}

/** Whether the bucket is emptier than it was ever allowed to be, so that the clock must have stepped back. */
function liesAhead(state: TokenBucketState, nowMs: number): boolean {
  return state.tatUs - nowMs * 1000 > state.aheadUs;
}

/**
 * The generic cell rate algorithm (ITU-T I.371; virtual scheduling), on integers. A unit takes `T = ceil(windowUs /
 * limit)` microseconds to come back, a full bucket `tau = burst * T`. A cost fits exactly when `max(tat, now) + T *
 * cost <= now + tau`.
 *
 * A changed limit applies at once, since the record stores time and not a count. Raising a limit never denies what it
 * allowed (with the default burst), if it divides windowMs * 1000 or its cube is no more than that: up to 391 for a
 * minute. Beyond, rounding T up to whole microseconds may make the higher limit up to `limit` microseconds stricter.
 *
 * Several bursts may share a record, as in a rolling deploy. What a larger one allowed stands: under the smaller one
 * the client is exhausted until enough of it has come back. A time further ahead than the record's `aheadUs` was left
 * behind by a clock that stepped back; it is clamped to that. `aheadUs` is at least a full bucket and, in debt, the
 * whole way to the end of the debt. So a step locks a client out for no longer than a full debt takes to refill.
 */
export const tokenBucket: Algorithm<TokenBucketState> = {
  tag: "tb",
  read(stored: unknown, _limit: Limit, nowMs: number): TokenBucketState {
    const nowUs = nowMs * 1000;
    if (stored !== undefined) {
      if (!isState(stored)) throw corruptRecord();
      if (liesAhead(stored, nowMs)) return { tatUs: nowUs + stored.aheadUs, aheadUs: stored.aheadUs };
      if (stored.tatUs > nowUs) return stored;
    }
    return { tatUs: nowUs, aheadUs: 0 };
  },
  clamps: (stored: unknown, _limit: Limit, nowMs: number): boolean => isState(stored) && liesAhead(stored, nowMs),
  remaining(state: TokenBucketState, limit: Limit, nowMs: number): number {
    if (limit.intervalUs === 0) return 0;
    // Differences first, because tat + T * cost could pass 2^53.
    return Math.floor((limit.toleranceUs - (state.tatUs - nowMs * 1000)) / limit.intervalUs);
  },
  take(state: TokenBucketState, limit: Limit, cost: number, nowMs: number): TokenBucketState {
    const tatUs = state.tatUs + limit.intervalUs * cost;
    return { tatUs, aheadUs: Math.max(limit.toleranceUs, tatUs - nowMs * 1000) };
  },
  waitMs: (state: TokenBucketState, limit: Limit, cost: number, nowMs: number): number =>
    Math.ceil((state.tatUs - nowMs * 1000 - (limit.toleranceUs - limit.intervalUs * cost)) / 1000),
  resetMs: (state: TokenBucketState, _limit: Limit, nowMs: number): number =>
    Math.ceil((state.tatUs - nowMs * 1000) / 1000),
  receiptOf: (after: TokenBucketState, limit: Limit, taken: number): Receipt => ({
    amount: limit.intervalUs * taken,
    mark: after.tatUs,
  }),
  giveBack(state: TokenBucketState, { amount, mark }: Receipt, nowMs: number): TokenBucketState {
    const nowUs = nowMs * 1000;
    // The part that has come back by itself since is not given back again.
    const given = Math.min(amount, mark - nowUs, state.tatUs - nowUs);
    return given > 0 ? { tatUs: state.tatUs - given, aheadUs: state.aheadUs } : state;
  },
};
