// consumeAll: several costs, all or nothing.
import type { Step, StoredRecord } from "../atomic-port.ts";
import { invalidArgument } from "../errors.ts";
import { type Algorithm, formatReceipt } from "./algorithm.ts";
import { consume } from "./consume.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";
import { bodyOf, clampOf, readState, recordOf } from "./record.ts";

/** A backend may be held up by a single call for as long as so many checks take. */
const mostChecks = 1_000;

/** Throws STORE_INVALID_ARGUMENT unless `checks` is a list of at most 1,000. */
export function requireChecks(checks: unknown): void {
  if (!Array.isArray(checks)) throw invalidArgument("consumeAll takes a list of checks.");
  if (checks.length > mostChecks) {
    throw invalidArgument(`consumeAll takes at most ${mostChecks} checks; divide them among several calls.`);
  }
}

/** The outcome of consuming all costs on one record. */
export interface GroupOutcome {
  /** Whether all of them fit, one after the other, in every order. */
  readonly fits: boolean;
  /** What each cost alone would have got. */
  readonly decisions: readonly RateLimitDecision[];
  /** Each cost's receipt if all are taken; undefined where it takes nothing. */
  readonly receipts: readonly (string | undefined)[];
  /** The write if all are taken; undefined where nothing is taken. */
  readonly write: StoredRecord | null | undefined;
  /** The write if none is taken: see `clampOf`. */
  readonly clamp: StoredRecord | null | undefined;
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
): GroupOutcome {
  if (limits.length === 1) return consumeOne(algorithm, limits[0], record, nowMs);
  const decisions = limits.map((limit) => consume(algorithm, limit, record, nowMs).reply);
  const fits = decisions.every(({ allowed }) => allowed);
  // Limits and bursts may differ. The widest one remembers most.
  const widest = limits.reduce((one, other) => (reachOf(other) > reachOf(one) ? other : one));
  const takes = limits.some(({ cost }) => cost > 0);
  const body = bodyOf(record);
  const clamp = takes ? clampOf(algorithm, widest, body, nowMs) : undefined;
  const denied: GroupOutcome = { fits: false, decisions, receipts: [], write: undefined, clamp };
  if (!fits) return denied;

  let state = readState(algorithm, widest, body, nowMs);
  const receipts = limits.map((limit) => {
    if (limit.cost === 0) return undefined;
    state = algorithm.take(state, limit, limit.cost, nowMs);
    return formatReceipt(algorithm.tag, algorithm.receiptOf(state, limit, limit.cost));
  });
  // Taking nothing more under the widest burst leaves it as the one that the record was allowed.
  if (takes) state = algorithm.take(state, widest, 0, nowMs);
  const left = (limit: Limit) => algorithm.remaining(state, limit, nowMs);
  const strictest = limits.reduce((one, other) => (left(other) < left(one) ? other : one));
  if (left(strictest) < 0) return denied;
  const write = takes ? recordOf(algorithm, strictest, state, 0, nowMs) : undefined;
  return { fits, decisions, receipts, write, clamp };
}

/** The usual case: one cost on a record. */
function consumeOne<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  record: StoredRecord | null,
  nowMs: number,
): GroupOutcome {
  const { reply, writes } = consume(algorithm, limit, record, nowMs);
  const { allowed: fits, receipt } = reply;
  const clamp = limit.cost === 0 ? undefined : clampOf(algorithm, limit, bodyOf(record), nowMs);
  return { fits, decisions: [reply], receipts: [receipt], write: fits ? writes?.[0] : undefined, clamp };
}

/** How much a limit lets a record hold, to compare the limits of one record: in microseconds or units. */
function reachOf(limit: Limit): number {
  return limit.toleranceUs || limit.limit;
}

/** The checks that share one record, and their positions in the caller's list. */
export interface LimitGroup {
  readonly limits: Limits;
  readonly positions: readonly number[];
}

/**
 * The transition of `RateLimitStore.consumeAll`. `groups[i]` is about `records[i]`. A denial writes clamps only. `together`:
 * `consumeTogether` of the limits' algorithm.
 */
export function consumeAll(
  groups: readonly LimitGroup[],
  records: readonly (StoredRecord | null)[],
  nowMs: number,
  together: (limits: Limits, record: StoredRecord | null, nowMs: number) => GroupOutcome,
): Step<{ allowed: boolean; decisions: RateLimitDecision[] }> {
  const outcomes = groups.map(({ limits }, index) => together(limits, records[index] ?? null, nowMs));
  const allowed = outcomes.every((outcome) => outcome.fits);
  const decisions: RateLimitDecision[] = [];
  outcomes.forEach((outcome, index) => {
    outcome.decisions.forEach((decision, nth) => {
      const position = groups[index]?.positions[nth];
      if (position !== undefined)
        decisions[position] = withReceipt(decision, allowed ? outcome.receipts[nth] : undefined);
    });
  });
  const reply = { allowed, decisions };
  if (allowed) return { writes: outcomes.map((outcome) => outcome.write), reply };
  const clamps = outcomes.map((outcome) => outcome.clamp);
  return clamps.some((clamp) => clamp !== undefined) ? { writes: clamps, reply } : { reply };
}

function withReceipt(decision: RateLimitDecision, receipt: string | undefined): RateLimitDecision {
  if (decision.receipt === receipt) return decision;
  const { receipt: _, ...others } = decision;
  return receipt === undefined ? others : { ...others, receipt };
}
