// From what a limit's script found to the decisions of its callers: core's transitions, played on the same records.
import type { RateLimitDecision, StoredRecord } from "@tollbooth-stores/core";
import { algorithmTag, type Limit, parseReceipt, rateLimitTransitions } from "@tollbooth-stores/core/native";
import { isInstant, unreadable } from "../scripts/reading.ts";
import { limitRecord } from "./limit-records.ts";
import type { LimitOperation } from "./limit-scripts.ts";

/** What the calls for one key got. */
export interface Played {
  /** One a call; none where `error` is theirs. */
  readonly decisions: readonly RateLimitDecision[];
  readonly error: unknown;
  /** What the last of them left. */
  readonly record: StoredRecord | null;
  /** On the server's clock. */
  readonly nowMs: number;
}

/**
 * One entry a key, in the order of `sent`. Throws where the script took other than the transitions do: then nothing may be
 * allowed.
 */
export function playCalls(
  operation: LimitOperation,
  limit: Limit,
  sent: ReadonlyMap<string, readonly unknown[]>,
  reply: unknown,
): Played[] {
  const [nowMs, total, texts]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  if (!isInstant(nowMs) || typeof total !== "number" || !Array.isArray(texts)) throw unreadable();
  const outcomes: Played[] = [];
  let taken = 0;
  for (const calls of sent.values()) {
    const text: unknown = texts[outcomes.length];
    if (typeof text !== "string" && text !== null) throw unreadable();
    const outcome = playKey(operation, limit, text, calls.length, nowMs);
    for (const decision of outcome.decisions) taken += unitsOf(operation, limit, decision);
    outcomes.push(outcome);
  }
  if (taken !== total) throw unreadable();
  return outcomes;
}

function playKey(operation: LimitOperation, limit: Limit, text: string | null, times: number, nowMs: number): Played {
  const on = rateLimitTransitions[limit.algorithm];
  try {
    let record = limitRecord(limit, text);
    const decisions: RateLimitDecision[] = [];
    while (decisions.length < times) {
      const { reply, writes } = on[operation](limit, record, nowMs);
      const write = writes?.[0];
      if (write !== undefined) record = write;
      decisions.push(reply);
    }
    return { decisions, error: undefined, record, nowMs };
  } catch (error) {
    return { decisions: [], error, record: null, nowMs };
  }
}

function unitsOf(operation: LimitOperation, limit: Limit, { allowed, receipt }: RateLimitDecision): number {
  if (operation === "consume") return allowed ? limit.cost : 0;
  if (receipt === undefined) return 0;
  const { amount } = parseReceipt(algorithmTag(limit.algorithm), receipt);
  return limit.intervalUs === 0 ? amount : amount / limit.intervalUs;
}
