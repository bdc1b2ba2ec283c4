// The stored record of a client under one policy: the algorithm's state, a block, and whether a full memory may drop
// it.
import type { StoredRecord } from "../atomic-port.ts";
import { StoreError } from "../errors.ts";
import { type Algorithm, isCount } from "./algorithm.ts";
import type { Limit } from "./policy.ts";

/** A record's body: plain JSON. It has a state, a block, or both. */
export interface RateLimitBody {
  /** The state of the algorithm that the key names. Absent where only a block is left. */
  readonly state?: unknown;
  /** Everything is denied strictly before this instant. */
  readonly blockedUntilMs?: number;
  /** When written, the client was blocked, exhausted or in debt. Dropping the record would admit the client. */
  readonly pinned: boolean;
}

/**
 * Whether a bounded memory may drop the record for a newer one. False for a record that cannot be read: its bytes are
 * kept.
 */
export function isEvictable(record: StoredRecord): boolean {
  const { body } = record;
  return typeof body === "object" && body !== null && "pinned" in body && body.pinned === false;
}

/** The error for a malformed record. */
export function corruptRecord(): StoreError {
  return new StoreError(
    "STORE_CORRUPT",
    "A stored rate-limit record cannot be read; it is kept as it is. reset() of the same check deletes it.",
  );
}

function isBody(body: unknown): body is RateLimitBody {
  if (typeof body !== "object" || body === null) return false;
  if (!("pinned" in body) || typeof body.pinned !== "boolean") return false;
  if ("blockedUntilMs" in body) return isCount(body.blockedUntilMs);
  return "state" in body && body.state !== undefined;
}

/** The client's state; undefined without a record. Throws STORE_CORRUPT. */
export function bodyOf(record: StoredRecord | null): RateLimitBody | undefined {
  if (record === null) return undefined;
  if (!isBody(record.body)) throw corruptRecord();
  return record.body;
}

/** The state as of now; without a body, that of a client never seen. Throws STORE_CORRUPT. */
export function readState<S>(algorithm: Algorithm<S>, limit: Limit, body: RateLimitBody | undefined, nowMs: number): S {
  return algorithm.read(body?.state, limit, nowMs);
}

/** How long the client is still blocked, in milliseconds; 0 if it is not. */
export function blockedForMs(body: RateLimitBody | undefined, nowMs: number): number {
  const blockedUntilMs = body?.blockedUntilMs;
  return blockedUntilMs === undefined ? 0 : Math.max(0, blockedUntilMs - nowMs);
}

/**
 * The write of a call that takes nothing: the record as it was read, where the clock stepped back and the state had to
 * be clamped; else undefined. Unwritten, the clamp would begin anew with each call and never end.
 */
export function clampOf<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  body: RateLimitBody | undefined,
  nowMs: number,
): StoredRecord | null | undefined {
  if (body === undefined || !algorithm.clamps(body.state, limit, nowMs)) return undefined;
  const state = readState(algorithm, limit, body, nowMs);
  return recordOf(algorithm, limit, state, blockedForMs(body, nowMs), nowMs);
}

/** The record of a state and of a block of `blockedMs` from now (0: none). Null where neither says anything. */
export function recordOf<S>(
  algorithm: Algorithm<S>,
  limit: Limit,
  state: S,
  blockedMs: number,
  nowMs: number,
): StoredRecord | null {
  const resetMs = algorithm.resetMs(state, limit, nowMs);
  if (blockedMs === 0) {
    if (resetMs === 0) return null;
    const body: RateLimitBody = { state, pinned: algorithm.remaining(state, limit, nowMs) <= 0 };
    return { endsAtMs: nowMs + resetMs, body };
  }
  const blockedUntilMs = nowMs + blockedMs;
  const body: RateLimitBody =
    resetMs === 0 ? { blockedUntilMs, pinned: true } : { state, blockedUntilMs, pinned: true };
  return { endsAtMs: nowMs + Math.max(resetMs, blockedMs), body };
}
