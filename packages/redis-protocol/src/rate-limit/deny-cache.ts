// Denials that need no round trip: what the store last saw of a denied client, played again until it may be let in.
import type { RateLimitDecision, StoredRecord } from "@tollbooth-stores/core";
import { type Limit, rateLimitTransitions } from "@tollbooth-stores/core/native";

/** How many denied clients are remembered. Beyond it the first ones are forgotten. */
const MOST_CLIENTS = 10_000;

export interface DenyCache {
  /** The denial that the store would give, if nothing else happened since it was asked last; undefined: ask it. */
  denial(key: string, limit: Limit): RateLimitDecision | undefined;
  /** To be handed to `denied`: what was asked before this process changed a record is not remembered. */
  changes(): number;
  /** A call for this key was denied. `askedAtMs`: by the clock, before it was sent; `changes` likewise. */
  denied(key: string, record: StoredRecord | null, nowMs: number, askedAtMs: number, changes: number): void;
  /** A call for this key was allowed. What was remembered before is older. */
  allowed(key: string): void;
  /** This process changed the record. */
  forget(key: string): void;
}

interface Denied {
  readonly record: StoredRecord | null;
  readonly nowMs: number;
  readonly askedAtMs: number;
  /** By `performance.now()`. */
  readonly endsAtMs: number;
}

/**
 * `maxMs`: how long a client may be denied without asking the store, in milliseconds, so that a reset or a refund on
 * another instance shows. 0: not at all. Time is counted from before the store was asked, on this process's monotonic
 * clock, so a client is denied no longer than by the store, unless the store's clock is set forward. `clock`: for tests, the one that the
 * store is given.
 */
export function denyCache(maxMs: number, clock: { now(): number } = performance): DenyCache {
  const clients = new Map<string, Denied>();
  let changes = 0;
  return {
    changes: () => changes,
    denial(key, limit) {
      const found = clients.get(key);
      if (found === undefined) return undefined;
      const elapsedMs = Math.ceil(clock.now() - found.askedAtMs);
      // Of this clock, the time since the call was asked says as much: it is longer than that since it was denied.
      const isRecent = clock === performance || performance.now() < found.endsAtMs;
      if (elapsedMs >= 0 && elapsedMs < maxMs && isRecent) {
        const { consume } = rateLimitTransitions[limit.algorithm];
        const { reply } = consume(limit, found.record, found.nowMs + elapsedMs);
        if (!reply.allowed) return { ...reply, source: "deny-cache" };
      }
      clients.delete(key);
      return undefined;
    },
    denied(key, record, nowMs, askedAtMs, changesBefore) {
      if (maxMs === 0 || changesBefore !== changes) return;
      clients.delete(key);
      clients.set(key, { record, nowMs, askedAtMs, endsAtMs: performance.now() + maxMs });
      if (clients.size <= MOST_CLIENTS) return;
      const [first] = clients.keys();
      if (first !== undefined) clients.delete(first);
    },
    allowed(key) {
      if (clients.size > 0) clients.delete(key);
    },
    forget(key) {
      changes += 1;
      clients.delete(key);
    },
  };
}
