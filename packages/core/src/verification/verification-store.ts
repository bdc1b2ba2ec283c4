// The contract of a verification store: one payment is verified, served and settled once, on however many instances.
import type { CallOptions, Capabilities } from "../call-options.ts";

/** Proof that its holder has the record. The lease is lost once its time is over, even if no other caller took over. */
export interface Lease {
  token: string;
  /** Decimal, strictly rising per key. */
  fence: string;
  /** Milliseconds, counted from the moment the claim was sent. */
  ttlMs: number;
  /** 1 for the first holder; each takeover and reconciliation adds one. */
  attempt: number;
}

/**
 * What an expired lease means. "retry": nothing has moved, the next claim takes over. "unknown": money may have moved.
 */
export type LeaseExpiry = "retry" | "unknown";

/** Names a record: its key, or the handle that `unresolved()` and telemetry give. */
export type RecordName = string | { handle: string };

/** Makes a record a payment's. `payOnce` sets it at the first claim. */
export interface PaymentClaim {
  /**
   * Names the accepted payload. Once the payment is settled or delivered, a claim with another payload is a mismatch.
   */
  payload: string;
  /** A secret of the payer's. Where the first claim gave one, a claim with another or with none is a mismatch. */
  collector?: string | undefined;
  /** Kept with the payload, and shown by `peek`. Not compared. */
  pricedBy?: string | undefined;
}

export type Claim =
  | {
      status: "claimed";
      lease: Lease;
      via: "fresh" | "resume" | "takeover";
      /** How many settlements of this payment were refused before. Left out where there was none. */
      refusals?: number;
      /** From reconcile alone: what earlier attempts kept. */
      evidence?: string;
      reference?: string;
    }
  | { status: "in-progress"; retryAfterMs: number }
  | { status: "done"; outcome: "accepted" | "rejected"; value: string; expiresInMs: number }
  /** Accepted before, and its value is no longer kept. It must still not be used again. */
  | { status: "spent" }
  /** Same key, but another fingerprint, collector or (once settled) payload. */
  | { status: "mismatch" }
  /** An attempt died, and its effect cannot be known. */
  | { status: "unknown"; evidence?: string }
  /** Paid for and owed. claim gives the lease to deliver under, and the kept result. */
  | { status: "settled"; receipt: string; lease?: Lease; kept?: string }
  /** Paid for and handed over. Only claim gives `kept`. */
  | { status: "delivered"; receipt: string; kept?: string }
  /** Ended for good without a settlement. */
  | { status: "expired"; reason: string };

/**
 * A record as a caller without its lease sees it. `payload`: SHA-256 of the payload that a payment is bound to, and `pricedBy` as its
 * claim gave it. `reference`: of a payment that ended without a settlement, as `renew` kept it; `unresolved()` gives that of the others.
 */
export type Look =
  | (Exclude<Claim, { status: "claimed" | "mismatch" | "expired" }> & { payload?: string; pricedBy?: string })
  | { status: "expired"; reason: string; payload?: string; pricedBy?: string; reference?: string }
  | { status: "absent"; payload?: string; pricedBy?: string };

/** "lost": the lease is not, or no longer, the record's. `current` is the record's status now. */
export type LeaseResult = { status: "ok" } | { status: "lost"; current: Claim["status"] | "absent" };

/** The outcome of recording a receipt or a delivery. `receipt` is the receipt on record, `kept` the kept result. */
export type Settlement =
  | {
      status: "settled";
      receipt: string;
      kept?: string;
      /** The payment had been ended as expired: an alarm. */
      wasExpired?: true;
    }
  /** `byYou`: delivered by this token, now or before. */
  | { status: "delivered"; byYou: boolean; receipt: string; kept?: string; wasExpired?: true }
  /**
   * Nothing can be delivered. There is no receipt on record; or the record is bound to another fingerprint or collector
   * than the request names, and the receipt is recorded all the same.
   */
  | { status: "lost"; current: Claim["status"] | "absent"; wasExpired?: true };

/** A receipt to record. Where the record is gone, the other fields make a new one. */
export interface SettleRequest {
  receipt: string;
  fingerprint?: string | undefined;
  payment?: PaymentClaim | undefined;
  retainUntilMs?: number | undefined;
  /**
   * The caller's own lease: it goes on, so that the caller can serve. Any other live lease ends with the first receipt.
   */
  lease?: Lease | undefined;
  /** Records this delivery too, in the same write. */
  deliver?: Delivery | undefined;
}

export interface Delivery {
  /** Names one delivery. A repeat with the same token is the same delivery, and `undeliver` takes back no other. */
  token: string;
  /** The result for duplicates. It replaces what was kept before. */
  kept?: string | undefined;
  /**
   * How long the result is kept, in milliseconds from now. Default: as long as the record. A delivery that is taken back
   * later than that leaves no result.
   */
  keptForMs?: number | undefined;
}

/** A payment that waits for an operator, `reconcileUnresolved` or its payer. */
export interface Unresolved {
  handle: string;
  /** "in-doubt": money may have moved. "owed": settled, not delivered. "held": owed for an hour, still being served. */
  kind: "in-doubt" | "owed" | "held";
  attempt: number;
  /** SHA-256 of the fingerprint. */
  fingerprint: string;
  reference?: string;
  evidence?: string;
  /** When this began: Unix epoch milliseconds. */
  atMs: number;
}

/**
 * The building blocks of `payOnce` and `verifyOnce`. Their records are named `p:<payment.key>` and `v:<payloadHash>`
 * (`v:<refusals>:<payloadHash>` where a payment's key is given).
 *
 * Each call is atomic. Each may be retried with the same token after an unknown outcome. Failures throw a `StoreError`.
 *
 * | state | reads, once its lease is over, as | event -> next state |
 * |---|---|---|
 * | absent, freed | absent | claim -> claimed |
 * | claimed ("retry") | in-progress, free to take | renew for settlement -> settling; release -> freed; complete -> done |
 * | settling ("unknown") | unknown | release -> freed; reconcile -> settling; expire -> expired; complete -> done (a payment's: settled) |
 * | done | done, then spent (accepted) or absent (rejected) | |
 * | any but delivered and done (accepted), absent too | | settle -> settled |
 * | settled | settled (owed) | claim -> settled, with a lease; deliver -> delivered |
 * | delivered | delivered | undeliver by the same token -> settled |
 * | expired | expired | settle -> settled, with `wasExpired` |
 *
 * A payment's record is one that was claimed with `payment`, or settled. It is kept until a day after `retainUntilMs`
 * (a day from now where that is past). While it is in doubt, expired or owed it is kept for 31 days.
 *
 * `retainUntilMs` is Unix epoch milliseconds, judged by the store's clock. Below now + lease + 10 min it is raised.
 * More than 31 days ahead, claim and markOnce throw STORE_INVALID_ARGUMENT; complete and settle cut it to 31 days.
 */
export interface VerificationStore extends AsyncDisposable {
  readonly capabilities: Capabilities;
  /** Takes the key if it is free. The same token on its live lease gets that lease back ("resume"). */
  claim(
    key: RecordName,
    request: {
      token: string;
      fingerprint: string;
      leaseMs: number;
      onLeaseExpiry: LeaseExpiry;
      retainUntilMs: number;
      payment?: PaymentClaim | undefined;
    },
    options?: CallOptions,
  ): Promise<Claim>;
  /**
   * Extends a live lease to now + `leaseMs`, never to an earlier end. It may switch `onLeaseExpiry` from "retry" to
   * "unknown", never back; "lost" where the payment is settled already. The same write keeps `reference`, by which a
   * settlement is found, and `kept`, the result.
   */
  renew(
    key: RecordName,
    lease: Lease,
    leaseMs: number,
    options?: CallOptions & {
      onLeaseExpiry?: "unknown" | undefined;
      reference?: string | undefined;
      kept?: string | undefined;
    },
  ): Promise<LeaseResult>;
  /**
   * Keeps evidence (a transaction hash, say) for the reconciling caller; at most maxValueBytes. Replaces earlier
   * evidence.
   */
  note(key: RecordName, lease: Lease, evidence: string, options?: CallOptions): Promise<LeaseResult>;
  /**
   * Keeps the result. Repeating the same result is ok. A late result is ok on the holder's own unknown record, unless
   * that was reconciled. On a payment's record "accepted" is `settle` with the value as receipt, and "rejected" is
   * `expire`.
   */
  complete(
    key: RecordName,
    lease: Lease,
    result: {
      outcome: "accepted" | "rejected";
      value: string;
      valueTtlMs?: number | undefined;
      retainUntilMs: number;
    },
    options?: CallOptions,
  ): Promise<LeaseResult>;
  /**
   * Frees the key: the attempt provably had no effect, and the next claim succeeds at once. A settled payment stays
   * owed. `refused` also counts a refused settlement. A tombstone stays until the retention ends, so that fences rise
   * and a repeated release is ok. `forget` cuts that to ten seconds where the record is no payment's.
   */
  release(
    key: RecordName,
    lease: Lease,
    options?: CallOptions & { refused?: boolean | undefined; forget?: boolean | undefined },
  ): Promise<LeaseResult>;
  /**
   * The effect cannot be known: no claim succeeds until the record is reconciled. The last holder may say so after its
   * lease too, until another caller takes over.
   */
  markUnknown(key: RecordName, lease: Lease, evidence?: string, options?: CallOptions): Promise<LeaseResult>;
  /**
   * Gives a lease over an unknown record, to find out what happened. When that lease expires, the record is unknown
   * again. Where nothing is unknown it answers with the record's status, or with "in-progress" and retryAfterMs 0 where
   * claim decides. Use another token than for claim: a claim with the same token would resume this lease as if nothing
   * had moved.
   */
  reconcile(key: RecordName, request: { token: string; leaseMs: number }, options?: CallOptions): Promise<Claim>;
  /**
   * Records a receipt. A receipt is a fact, so it needs no lease. It is recorded in every state but delivered and done
   * (accepted). The first receipt stays. A receipt that names no purchase, for a payment that was given back, is for the
   * purchase, payload and collector of its last claim.
   */
  settle(key: RecordName, request: SettleRequest, options?: CallOptions): Promise<Settlement>;
  /** Records that a settled payment's result is handed over. The first token wins. */
  deliver(key: RecordName, delivery: Delivery, options?: CallOptions): Promise<Settlement>;
  /**
   * Takes back a delivery that its caller never heard of. "ok": the payment is owed again, or was not delivered yet.
   * "lost": another delivery stands, or nothing is settled. On every record but an absent, accepted or rejected one, a
   * late copy of that delivery delivers nothing any more; the latest sixteen are remembered.
   */
  undeliver(key: RecordName, token: string, options?: CallOptions): Promise<LeaseResult>;
  /**
   * Ends a payment that will never be settled: under its lease, or without one where no lease is live. "lost" where the
   * payment is settled, delivered or absent.
   */
  expire(
    key: RecordName,
    ending: { reason: string; lease?: Lease | undefined },
    options?: CallOptions,
  ): Promise<LeaseResult>;
  /**
   * Sets a one-time marker. The same token and fingerprint are "marked" again, so a retry after a lost reply succeeds.
   */
  markOnce(
    key: string,
    request: { token: string; fingerprint: string; retainUntilMs: number },
    options?: CallOptions,
  ): Promise<{ status: "marked" } | { status: "already-marked"; mismatch: boolean; atMs: number }>;
  /** Reads a record without its lease. Never serve a value from it: it checks no fingerprint. */
  peek(key: RecordName, options?: CallOptions): Promise<Look>;
  /**
   * Lists payments in doubt or owed: best effort, one round trip a page of records. Throws STORE_CONFIG where the
   * provider cannot list its keys.
   */
  unresolved(options?: CallOptions): AsyncIterable<Unresolved>;
  /**
   * Resolves when the key may have changed, or after `timeoutMs` (default 250). A change by this process is heard at
   * once, any other by polling: within some 40 ms where the key was in progress. All that wait for one key share one
   * poll. It may resolve for nothing: read the record.
   */
  wait(key: string, options?: CallOptions & { timeoutMs?: number | undefined }): Promise<void>;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
