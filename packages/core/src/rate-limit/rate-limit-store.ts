// The contract of a rate-limit store. Durations are integer milliseconds on the store's clock.
import type { CallOptions, Capabilities } from "../call-options.ts";

/**
 * How much, how often. `limit` is an integer >= 0; 0 denies everything. `windowMs` may be left out only where the store
 * has `defaults.windowMs`.
 *
 * Worst case in any rolling window, under a greedy client with limit 100: fixed 200, sliding 199, token bucket 199.
 */
export type RateLimitPolicy =
  /** Counts from a client's first request until `windowMs` later. */
  | { algorithm: "fixed-window"; limit: number; windowMs?: number | undefined }
  /** Epoch-aligned windows. The previous window counts by the share of it that is still inside. */
  | { algorithm: "sliding-window"; limit: number; windowMs?: number | undefined }
  /** GCRA in integer microseconds; limit <= 10 * windowMs; burst defaults to limit. */
  | { algorithm: "token-bucket"; limit: number; windowMs?: number | undefined; burst?: number | undefined };

/**
 * One question: may this client do this now? Route, client, algorithm and windowMs identify the record; limit does not.
 */
export interface RateLimitCheck {
  /** Readable scope, e.g. "GET /data". */
  route: string;
  /** The limited client; hashed before it leaves the process. */
  client: string;
  policy: RateLimitPolicy;
  /** Integer >= 0, default 1. */
  cost?: number | undefined;
}

export interface RateLimitDecision {
  allowed: boolean;
  limit: number;
  /** Integer, 0..capacity (`burst` for a token bucket, else `limit`). 0 while blocked. */
  remaining: number;
  /**
   * 0 when allowed; null when this cost can never fit. At this instant the same cost fits, a millisecond earlier not.
   */
  retryAfterMs: number | null;
  /** Milliseconds until the client's allowance is unused again. */
  resetAfterMs: number;
  /** Opaque; pass it to refund(). Present when something was taken. */
  receipt?: string;
  /** "store": decided on the shared state. The others are answered without it. */
  source: "store" | "deny-cache" | "fallback";
}

/**
 * Every method rejects with a `StoreError` when the store cannot answer; it never guesses. Each call is atomic against
 * every other user of the state. Invalid input throws STORE_INVALID_ARGUMENT before any I/O.
 */
export interface RateLimitStore extends AsyncDisposable {
  readonly capabilities: Capabilities;
  /** The window of policies without `windowMs`, in milliseconds: the store's `defaults.windowMs`. */
  readonly defaultWindowMs: number | undefined;
  /**
   * Takes `cost` if it fits; a denied call changes nothing, except that it puts right what a backend's clock that stepped
   * back had left ahead of now. A retry after an unknown outcome may take twice.
   */
  consume(check: RateLimitCheck, options?: CallOptions): Promise<RateLimitDecision>;
  /**
   * All or nothing, of at most 1,000 checks. decisions[i] is what check i alone would have got; a check given twice must
   * fit twice. `atomic`: no other caller could see a part of it taken. Only where `allowed` is true was anything taken, and only then are
   * there receipts. A retry after an unknown outcome may take twice.
   */
  consumeAll(
    checks: readonly RateLimitCheck[],
    options?: CallOptions,
  ): Promise<{ allowed: boolean; atomic: boolean; decisions: RateLimitDecision[] }>;
  /** Whether `cost` would fit now, and what remains before it. Changes nothing, creates nothing. */
  peek(check: RateLimitCheck, options?: CallOptions): Promise<RateLimitDecision>;
  /**
   * Takes a cost that has already arisen, down to -capacity; `allowed` says whether it fitted. A retry after an unknown
   * outcome may take twice.
   */
  charge(check: RateLimitCheck, options?: CallOptions): Promise<RateLimitDecision>;
  /**
   * Gives back what a receipt took, never above capacity. A no-op once the receipt's window is over. Not idempotent: a
   * record keeps no list of receipts. After a reset in the same window, or for a token bucket after another refund, it
   * may give back up to what that one already gave.
   */
  refund(check: RateLimitCheck, receipt: string, options?: CallOptions): Promise<RateLimitDecision>;
  /**
   * Denies every cost for `durationMs` from now, whatever the allowance. A shorter block never shortens a longer one.
   * Safe to retry.
   */
  block(check: RateLimitCheck, durationMs: number, options?: CallOptions): Promise<void>;
  /** Forgets the client under this policy, its block too. True if there was a live record. */
  reset(check: RateLimitCheck, options?: CallOptions): Promise<boolean>;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
