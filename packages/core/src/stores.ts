// The three stores together.
import type { CallOptions } from "./call-options.ts";
import type { RateLimitStore } from "./rate-limit/rate-limit-store.ts";
import type { SessionStore } from "./session/session-store.ts";
import type { VerificationStore } from "./verification/verification-store.ts";

/** The three stores of one backend (or of several: configuration may give each store its own). */
export interface Stores<T = unknown> extends AsyncDisposable {
  rateLimits: RateLimitStore;
  sessions: SessionStore<T>;
  verifications: VerificationStore;
  /**
   * Makes one round trip to every backend behind the stores; `latencyMs` is the slowest one's time. Rejects where one
   * does not answer. A backend that refuses writes answers all the same: ask `check()` before taking payments. Left out is
   * a backend of rate limits alone for which the configuration chose a fallback: the stores go on without it.
   */
  ping(options?: CallOptions): Promise<{ latencyMs: number }>;
  /**
   * Proves that every backend behind the stores would take a write now, by writing a probe that it removes again; no
   * store's state changes. `latencyMs` is the slowest backend's time. Rejects with STORE_UNAVAILABLE, which says why (no
   * answer, a replica, no memory, no disk, too few replicas); with STORE_CAPACITY where a memory store is full.
   * What `ping` leaves out is left out here.
   */
  check(options?: CallOptions): Promise<{ latencyMs: number }>;
  /** Idempotent; never rejects; closes only what the stores opened. */
  close(): Promise<void>;
}
