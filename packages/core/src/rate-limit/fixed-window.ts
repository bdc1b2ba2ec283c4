// Fixed window: a counter from a client's first taken request until windowMs later.
import { type Algorithm, isCount, type Receipt } from "./algorithm.ts";
import type { Limit } from "./policy.ts";
import { corruptRecord } from "./record.ts";

/** Plain data, never mutated. */
export interface FixedWindowState {
  readonly count: number;
  readonly endMs: number;
}

function isState(stored: unknown): stored is FixedWindowState {
  if (typeof stored !== "object" || stored === null) return false;
  return "count" in stored && isCount(stored.count) && "endMs" in stored && isCount(stored.endMs);
}

/** Whether the window would end more than two windows from now, so that the clock must have stepped back. */
function liesAhead(state: FixedWindowState, limit: Limit, nowMs: number): boolean {
  return state.endMs - nowMs > 2 * limit.windowMs;
}

/**
 * Counts per client from its own first request, so that not all clients come back at one instant. The whole allowance
 * is back at the window's end. A window that would end more than two windows from now was left behind by a clock that
 * stepped back. It is clamped to end one window from now, and its count is kept.
 */
export const fixedWindow: Algorithm<FixedWindowState> = {
  tag: "fw",
  read(stored: unknown, limit: Limit, nowMs: number): FixedWindowState {
    if (stored !== undefined) {
      if (!isState(stored)) throw corruptRecord();
      if (liesAhead(stored, limit, nowMs)) return { count: stored.count, endMs: nowMs + limit.windowMs };
      if (stored.endMs > nowMs) return stored;
    }
    return { count: 0, endMs: nowMs + limit.windowMs };
  },
  clamps: (stored: unknown, limit: Limit, nowMs: number): boolean => isState(stored) && liesAhead(stored, limit, nowMs),
  remaining: (state: FixedWindowState, limit: Limit): number => limit.limit - state.count,
  take: (state: FixedWindowState, _limit: Limit, cost: number): FixedWindowState => ({
    count: state.count + cost,
    endMs: state.endMs,
  }),
  waitMs: (state: FixedWindowState, _limit: Limit, _cost: number, nowMs: number): number => state.endMs - nowMs,
  resetMs: (state: FixedWindowState, _limit: Limit, nowMs: number): number =>
    state.count === 0 ? 0 : state.endMs - nowMs,
  receiptOf: (after: FixedWindowState, _limit: Limit, taken: number): Receipt => ({ amount: taken, mark: after.endMs }),
  giveBack(state: FixedWindowState, { amount, mark }: Receipt): FixedWindowState {
    if (mark !== state.endMs || amount === 0 || state.count === 0) return state;
    return { count: Math.max(0, state.count - amount), endMs: state.endMs };
  },
};
