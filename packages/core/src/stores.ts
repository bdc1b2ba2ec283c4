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
   * does not answer.
   */
  ping(options?: CallOptions): Promise<{ latencyMs: number }>;
  /** Idempotent; never rejects; closes only what the stores opened. */
  close(): Promise<void>;
}
