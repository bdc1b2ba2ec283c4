// Token bucket as GCRA: one number, the theoretical arrival time, in integer microseconds.
import { type Algorithm, isCount, type Receipt } from "./algorithm.ts";
import type { Limit } from "./policy.ts";
import { corruptRecord } from "./record.ts";

/** Plain data, never mutated. `tatUs`: microseconds since 1970 at which the bucket is full again. */
export interface TokenBucketState {
  readonly tatUs: number;
}

function isState(stored: unknown): stored is TokenBucketState {
  return typeof stored === "object" && stored !== null && "tatUs" in stored && isCount(stored.tatUs);
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
 * A stored time more than twice a full refill (at least two windows) ahead was left behind by a clock that stepped
 * back; it counts as absent. The bound is one per cent wider, for a debt that was made under another limit, whose T was
 * rounded up further. (So, at a limit of 1, such a step may lock a client out for 2.02 windows instead of 2.)
 */
export const tokenBucket: Algorithm<TokenBucketState> = {
  tag: "tb",
  read(stored: unknown, limit: Limit, nowMs: number): TokenBucketState {
    const nowUs = nowMs * 1000;
    if (stored !== undefined) {
      if (!isState(stored)) throw corruptRecord();
      const ahead = stored.tatUs - nowUs;
      if (ahead > 0 && ahead <= 2 * Math.max(limit.toleranceUs, limit.windowMs * 1010)) return stored;
    }
    return { tatUs: nowUs };
  },
  remaining(state: TokenBucketState, limit: Limit, nowMs: number): number {
    if (limit.intervalUs === 0) return 0;
    // Differences first, because tat + T * cost could pass 2^53.
    return Math.floor((limit.toleranceUs - (state.tatUs - nowMs * 1000)) / limit.intervalUs);
  },
  take: (state: TokenBucketState, limit: Limit, cost: number): TokenBucketState => ({
    tatUs: state.tatUs + limit.intervalUs * cost,
  }),
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
    return given > 0 ? { tatUs: state.tatUs - given } : state;
  },
};
