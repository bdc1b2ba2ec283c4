// Sliding window counter: epoch-aligned windows. The previous one counts by the share of it that is still inside.
import { type Algorithm, isCount, type Receipt } from "./algorithm.ts";
import type { Limit } from "./policy.ts";
import { corruptRecord } from "./record.ts";

/**
 * Plain data, never mutated. `index` is the window's number since 1970; `previous` was taken in the window before it.
 */
export interface SlidingWindowState {
  readonly index: number;
  readonly current: number;
  readonly previous: number;
}

function isState(stored: unknown, windowMs: number): stored is SlidingWindowState {
  if (typeof stored !== "object" || stored === null) return false;
  if (!("index" in stored && isCount(stored.index) && stored.index * windowMs <= Number.MAX_SAFE_INTEGER)) return false;
  if (!("current" in stored && isCount(stored.current) && "previous" in stored && isCount(stored.previous)))
    return false;
  // The policy's bounds keep these products exact. Anything larger was not written by this code.
  return Math.max(stored.current, stored.previous) * windowMs <= Number.MAX_SAFE_INTEGER;
}

/**
 * What was taken, in the window that runs now, where the clock stepped back into it. All of it counts as taken now, up
 * to a full debt. Where each count alone was more (under another limit), the larger one stays.
 */
function clamped({ current, previous }: SlidingWindowState, limit: Limit, index: number): SlidingWindowState {
  const taken = Math.max(current, previous, Math.min(current + previous, 2 * limit.limit));
  return { index, current: taken, previous: 0 };
}

/** What the previous window still counts for, rounded up. */
function weighted(state: SlidingWindowState, windowMs: number, nowMs: number): number {
  const elapsed = nowMs - state.index * windowMs;
  return Math.ceil((state.previous * (windowMs - elapsed)) / windowMs);
}

/**
 * The two-counter approximation of a sliding log (as Cloudflare described it for its own limits), in integers. The
 * previous window weighs `ceil(previous * (windowMs - elapsed) / windowMs)`. So it never weighs too little for the even
 * spread that it assumes. A record of a window that has not begun yet was left behind by a clock that stepped back.
 * It is clamped: what was taken counts in the window that runs now. So a unit is back after two windows at the latest.
 */
export const slidingWindow: Algorithm<SlidingWindowState> = {
  tag: "sw",
  read(stored: unknown, limit: Limit, nowMs: number): SlidingWindowState {
    const index = Math.floor(nowMs / limit.windowMs);
    if (stored !== undefined) {
      if (!isState(stored, limit.windowMs)) throw corruptRecord();
      const age = index - stored.index;
      if (age === 0) return stored;
      if (age === 1) return { index, current: 0, previous: stored.current };
      if (age < 0) return clamped(stored, limit, index);
    }
    return { index, current: 0, previous: 0 };
  },
  clamps: (stored: unknown, limit: Limit, nowMs: number): boolean =>
    isState(stored, limit.windowMs) && stored.index > Math.floor(nowMs / limit.windowMs),
  remaining: (state: SlidingWindowState, limit: Limit, nowMs: number): number =>
    limit.limit - state.current - weighted(state, limit.windowMs, nowMs),
  take: (state: SlidingWindowState, _limit: Limit, cost: number): SlidingWindowState => ({
    index: state.index,
    current: state.current + cost,
    previous: state.previous,
  }),
  waitMs(state: SlidingWindowState, limit: Limit, cost: number, nowMs: number): number {
    const { windowMs } = limit;
    const untilNext = (state.index + 1) * windowMs - nowMs;
    const room = limit.limit - cost - state.current;
    // Within this window: as soon as the rest of the previous one weighs no more than the room beside `current`. At the
    // latest at the border, where `current` alone counts, and that fits.
    if (room >= 0) return untilNext - Math.floor((room * windowMs) / state.previous);
    // Else within the next window, where `current` is the previous one and nothing else has been taken.
    return untilNext + windowMs - Math.floor(((limit.limit - cost) * windowMs) / state.current);
  },
  resetMs(state: SlidingWindowState, limit: Limit, nowMs: number): number {
    if (state.current > 0) return (state.index + 2) * limit.windowMs - nowMs;
    return state.previous > 0 ? (state.index + 1) * limit.windowMs - nowMs : 0;
  },
  receiptOf: (after: SlidingWindowState, _limit: Limit, taken: number): Receipt => ({
    amount: taken,
    mark: after.index,
  }),
  giveBack(state: SlidingWindowState, { amount, mark }: Receipt): SlidingWindowState {
    if (mark !== state.index || amount === 0 || state.current === 0) return state;
    return { index: state.index, current: Math.max(0, state.current - amount), previous: state.previous };
  },
};
