// The three stores together, and the options that every provider takes.
import type { CallOptions } from "./call-options.ts";
import type { RateLimitStore } from "./rate-limit/rate-limit-store.ts";
import type { SessionStore } from "./session/session-store.ts";
import type { SessionCodec } from "./session-codec.ts";
import type { VerificationStore } from "./verification/verification-store.ts";

/** The three stores of one backend (or of several: configuration may give each store its own). */
export interface Stores<T = unknown> extends AsyncDisposable {
  rateLimits: RateLimitStore;
  sessions: SessionStore<T>;
  verifications: VerificationStore;
  /** One round trip to every backend behind the stores; the slowest one's time. Rejects where one does not answer. */
  ping(options?: CallOptions): Promise<{ latencyMs: number }>;
  /** Idempotent; never rejects; closes only what the stores opened. */
  close(): Promise<void>;
}

/** Options of every provider. */
export interface CommonOptions {
  /** Default "tollbooth". `createXStores` appends `:rl`, `:sess`, `:verify`; single-store factories use it as written. */
  keyPrefix?: string | undefined;
  /** Keys the hashes of clients and subjects. A list: the first writes, all are read for subjects. */
  keySecret?: string | readonly string[] | undefined;
  /** Spread of physical deletion and cache expiry, 0..0.5, default 0.1. Never shortens anything. */
  ttlJitter?: number | undefined;
  defaults?:
    | {
        /** For policies without `windowMs`. Milliseconds. */
        windowMs?: number | undefined;
        /** For sessions created without `idleTtlMs`. Milliseconds. */
        idleTtlMs?: number | undefined;
        /** For verification results completed without `valueTtlMs`. Milliseconds. */
        valueTtlMs?: number | undefined;
      }
    | undefined;
}

/** What `createStores` takes beyond `CommonOptions`: for those who write a provider. */
export interface StoreOptions extends CommonOptions {
  /** The provider's name in telemetry, e.g. "memory". Default "custom". */
  provider?: string | undefined;
  /** How session data becomes a string and back. Default `jsonCodec`. */
  codec?: SessionCodec | undefined;
  /** The largest encoded session or verification value, in bytes of UTF-8. Default 65,536. */
  maxValueBytes?: number | undefined;
}
