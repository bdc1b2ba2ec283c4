// The contract of a verification store: one payment is verified, served and settled once, on however many instances.
import type { CallOptions, Capabilities } from "../call-options.ts";

/** A holder's proof. It is lost when its time is over, whether or not somebody else took over. */
export interface Lease {
  token: string;
  /** Decimal, strictly rising per key. */
  fence: string;
  /** From the moment the claim was sent. */
  ttlMs: number;
  /** 1 for the first holder; each takeover and reconciliation adds one. */
  attempt: number;
}

/** What an expired lease means: "retry" where nothing has moved yet, "unknown" where money may have. */
export type LeaseExpiry = "retry" | "unknown";

export type Claim =
  | { status: "claimed"; lease: Lease; via: "fresh" | "resume" | "takeover" }
  | { status: "in-progress"; retryAfterMs: number }
  | { status: "done"; outcome: "accepted" | "rejected"; value: string; expiresInMs: number }
  /** Accepted before, its value no longer kept: still not to be used again. */
  | { status: "spent" }
  /** Same key, other fingerprint. */
  | { status: "mismatch" }
  /** An attempt died where its effect cannot be known. */
  | { status: "unknown"; evidence?: string };

/** "lost": the lease is no longer (or never was) the record's; `current` is what the record is now. */
export type Ended = { status: "ok" } | { status: "lost"; current: Claim["status"] | "absent" };

/**
 * The building blocks of `payOnce` and `verifyOnce`, whose records are named `p:<payment.key>` and `v:<payloadHash>`. A
 * handle of `unresolved()` gives a lease; to end with it takes the key, so log the keys of payments that are pending. Each call is atomic, and each may be retried with the same token
 * after an unknown outcome. Failures throw a `StoreError`.
 *
 * States: absent -> in-progress -> done | absent (release). An expired lease is a takeover under "retry" and unknown
 * under "unknown"; unknown -> reconcile -> done | absent. A done accepted record is spent once its value's TTL is over,
 * until its retention ends; a done rejected one is absent then.
 *
 * `retainUntilMs` is judged by the store's clock: below now + lease + 10 min it is raised, more than 31 days ahead it throws.
 */
export interface VerificationStore extends AsyncDisposable {
  readonly capabilities: Capabilities;
  /** Takes the key if it is free. The same token on its live lease gets it back ("resume"). */
  claim(
    key: string,
    request: {
      token: string;
      fingerprint: string;
      leaseMs: number;
      onLeaseExpiry: LeaseExpiry;
      retainUntilMs: number;
    },
    options?: CallOptions,
  ): Promise<Claim>;
  /** Now + leaseMs, never earlier than before. May switch onLeaseExpiry from "retry" to "unknown", never back. */
  renew(
    key: string,
    lease: Lease,
    leaseMs: number,
    options?: CallOptions & { onLeaseExpiry?: "unknown" | undefined },
  ): Promise<Ended>;
  /** Keeps a hint (a transaction hash, say) for whoever must find out what happened; at most maxValueBytes. Replaces the one before. */
  note(key: string, lease: Lease, evidence: string, options?: CallOptions): Promise<Ended>;
  /** Repeated with the same result: ok. A late one on an unknown record of its own that nobody reconciled: ok. */
  complete(
    key: string,
    lease: Lease,
    result: {
      outcome: "accepted" | "rejected";
      value: string;
      valueTtlMs?: number | undefined;
      retainUntilMs: number;
    },
    options?: CallOptions,
  ): Promise<Ended>;
  /** Proven to have had no effect: the next claim succeeds at once. */
  release(key: string, lease: Lease, options?: CallOptions): Promise<Ended>;
  /** The effect cannot be known: nobody may claim until it is reconciled. */
  markUnknown(key: string, lease: Lease, evidence?: string, options?: CallOptions): Promise<Ended>;
  /**
   * A lease over an unknown record, for whoever can find out what happened; its expiry means unknown again. Where
   * nothing is unknown (any more): what the record is now, or "in-progress" with retryAfterMs 0 where claim decides.
   * Use another token than you claim with: a claim under the same one would resume this lease as if nothing had moved.
   */
  reconcile(
    key: string | { handle: string },
    request: { token: string; leaseMs: number },
    options?: CallOptions,
  ): Promise<Claim>;
  /** A one-time marker. The same token again is "marked" again: a lost reply locks nobody out. */
  markOnce(
    key: string,
    request: { token: string; fingerprint: string; retainUntilMs: number },
    options?: CallOptions,
  ): Promise<{ status: "marked" } | { status: "already-marked"; mismatch: boolean; atMs: number }>;
  /** For looking; never serve a value from it (it checks no fingerprint). */
  peek(
    key: string,
    options?: CallOptions,
  ): Promise<Exclude<Claim, { status: "claimed" | "mismatch" }> | { status: "absent" }>;
  /** Unknown records, best effort. */
  unresolved(options?: CallOptions): AsyncIterable<{ handle: string; evidence?: string; atMs: number }>;
  /** Resolves at a hint that the key may have changed, or after timeoutMs (default 250); a hint is never truth. */
  wait(key: string, options?: CallOptions & { timeoutMs?: number | undefined }): Promise<void>;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
