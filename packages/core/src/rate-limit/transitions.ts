// Binds the operations to each algorithm, so that callers need not know the form of a state.
import type { Step, StoredRecord } from "../atomic-port.ts";
import type { Algorithm, Receipt } from "./algorithm.ts";
import { block } from "./block.ts";
import { charge } from "./charge.ts";
import { consume } from "./consume.ts";
import { consumeAll, consumeTogether, type GroupOutcome, type LimitGroup, type Limits } from "./consume-all.ts";
import { fixedWindow } from "./fixed-window.ts";
import { peek } from "./peek.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision, RateLimitPolicy } from "./rate-limit-store.ts";
import { refund } from "./refund.ts";
import { slidingWindow } from "./sliding-window.ts";
import { tokenBucket } from "./token-bucket.ts";

/** One algorithm's operations: pure, synchronous functions of the record, the instant and the arguments. */
export interface Transitions {
  /** See `Algorithm.tag`. */
  readonly tag: string;
  consume(limit: Limit, record: StoredRecord | null, nowMs: number): Step<RateLimitDecision>;
  consumeTogether(limits: Limits, record: StoredRecord | null, nowMs: number): GroupOutcome;
  peek(limit: Limit, record: StoredRecord | null, nowMs: number): Step<RateLimitDecision>;
  charge(limit: Limit, record: StoredRecord | null, nowMs: number): Step<RateLimitDecision>;
  refund(limit: Limit, receipt: Receipt, record: StoredRecord | null, nowMs: number): Step<RateLimitDecision>;
  block(limit: Limit, durationMs: number, record: StoredRecord | null, nowMs: number): Step<undefined>;
}

function transitionsOf<S>(algorithm: Algorithm<S>): Transitions {
  return {
    tag: algorithm.tag,
    consume: (limit, record, nowMs) => consume(algorithm, limit, record, nowMs),
    consumeTogether: (limits, record, nowMs) => consumeTogether(algorithm, limits, record, nowMs),
    peek: (limit, record, nowMs) => peek(algorithm, limit, record, nowMs),
    charge: (limit, record, nowMs) => charge(algorithm, limit, record, nowMs),
    refund: (limit, receipt, record, nowMs) => refund(algorithm, limit, receipt, record, nowMs),
    block: (limit, durationMs, record, nowMs) => block(algorithm, limit, durationMs, record, nowMs),
  };
}

/** The operations under each algorithm. */
export const transitions: Readonly<Record<RateLimitPolicy["algorithm"], Transitions>> = {
  "fixed-window": transitionsOf(fixedWindow),
  "sliding-window": transitionsOf(slidingWindow),
  "token-bucket": transitionsOf(tokenBucket),
};

/** The two letters that stand for an algorithm in keys and receipts. */
export function algorithmTag(algorithm: RateLimitPolicy["algorithm"]): string {
  return transitions[algorithm].tag;
}

/** The transition of `RateLimitStore.consumeAll`: `groups[i]` is about `records[i]`. */
export function consumeAllGroups(
  groups: readonly LimitGroup[],
  records: readonly (StoredRecord | null)[],
  nowMs: number,
): Step<{ allowed: boolean; decisions: RateLimitDecision[] }> {
  return consumeAll(groups, records, nowMs, together);
}

function together(limits: Limits, record: StoredRecord | null, nowMs: number): GroupOutcome {
  return transitions[limits[0].algorithm].consumeTogether(limits, record, nowMs);
}
