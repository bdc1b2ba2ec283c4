// consumeAll: several costs, all or nothing.
import type { Step, StoredRecord } from "../atomic-port.ts";
import { type Algorithm, formatReceipt } from "./algorithm.ts";
import { consume } from "./consume.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";
import { readState, recordOf } from "./record.ts";

/** The outcome of consuming all costs on one record. */
export interface Together {
  /** Whether all of them fit, one after the other, in every order. */
  readonly fits: boolean;
  /** What each cost alone would have got, without its receipt. */
  readonly decisions: readonly RateLimitDecision[];
  /** Each cost's receipt if all are taken; undefined where it takes nothing. */
  readonly receipts: readonly (string | undefined)[];
  /** The write if all are taken; undefined where nothing is taken. */
  readonly write: StoredRecord | null | undefined;
}

/** The limits on one record, at least one. */
export type Limits = readonly [Limit, ...Limit[]];

/**
 * All costs on one record. They share its identity but need not share a limit. They fit if their sum is within each
 * one's own limit, so their order does not matter.
 */
export function consumeTogether<S>(
  algorithm: Algorithm<S>,
  limits: Limits,
  record: StoredRecord | null,
  nowMs: number,
): Together {
  const decisions: RateLimitDecision[] = [];
  let fits = true;
  for (const limit of limits) {
    const { receipt: _, ...alone } = consume(algorithm, limit, record, nowMs).reply;
    decisions.push(alone);
    fits = fits && alone.allowed;
  }
  if (!fits) return { fits, decisions, receipts: [], write: undefined };

  // Bursts may differ too. The longest one remembers most.
  const longest = limits.reduce((one, other) => (other.toleranceUs > one.toleranceUs ? other : one));
  let state = readState(algorithm, longest, record, nowMs);
  let takes = false;
  const receipts = limits.map((limit) => {
    if (limit.cost === 0) return undefined;
    takes = true;
    state = algorithm.take(state, limit, limit.cost, nowMs);
    return formatReceipt(algorithm.tag, algorithm.receiptOf(state, limit, limit.cost));
  });
  const left = (limit: Limit) => algorithm.remaining(state, limit, nowMs);
  const strictest = limits.reduce((one, other) => (left(other) < left(one) ? other : one));
  if (left(strictest) < 0) return { fits: false, decisions, receipts: [], write: undefined };
  return { fits, decisions, receipts, write: takes ? recordOf(algorithm, strictest, state, 0, nowMs) : undefined };
}

/** The checks that share one record, and their positions in the caller's list. */
export interface LimitGroup {
  readonly limits: Limits;
  readonly positions: readonly number[];
}

/** A group and the transition of its algorithm. */
export interface CheckGroup extends LimitGroup {
  readonly consumeTogether: (limits: Limits, record: StoredRecord | null, nowMs: number) => Together;
}

/** The transition of `RateLimitStore.consumeAll`. `groups[i]` is about `records[i]`. A denial writes nothing. */
export function consumeAll(
  groups: readonly CheckGroup[],
  records: readonly (StoredRecord | null)[],
  nowMs: number,
): Step<{ allowed: boolean; decisions: RateLimitDecision[] }> {
  const outcomes = groups.map((group, index) => group.consumeTogether(group.limits, records[index] ?? null, nowMs));
  const allowed = outcomes.every((outcome) => outcome.fits);
  const decisions: RateLimitDecision[] = [];
  outcomes.forEach((outcome, index) => {
    outcome.decisions.forEach((decision, nth) => {
      const position = groups[index]?.positions[nth];
      if (position === undefined) return;
      const receipt = allowed ? outcome.receipts[nth] : undefined;
      decisions[position] = receipt === undefined ? decision : { ...decision, receipt };
    });
  });
  const reply = { allowed, decisions };
  return allowed ? { writes: outcomes.map((outcome) => outcome.write), reply } : { reply };
}
