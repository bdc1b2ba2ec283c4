// The contract of a verification store: one payment is verified, served and settled once, on however many instances.
import type { CallOptions, Capabilities } from "../call-options.ts";

/** A holder's proof. It is lost when its time is over, whether or not another holder took over. */
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

/** A record's name: its key, or the handle that `unresolved()` and telemetry give for it. */
export type RecordName = string | { handle: string };

/** What makes a record a payment's: set by `payOnce` at its first claim. */
export interface PaymentClaim {
  /** Names the accepted payload. While the payment is settled or delivered, another one is a mismatch. */
  payload: string;
  /** What the payer alone can show. Where the first claim gave one, a claim with another or with none is a mismatch. */
  collector?: string | undefined;
}

export type Claim =
  | {
      status: "claimed";
      lease: Lease;
      via: "fresh" | "resume" | "takeover";
      /** How many settlements of this payment were refused before; left out where none was. */
      refusals?: number;
      /** From reconcile alone: what the attempts before kept. */
      evidence?: string;
      reference?: string;
    }
  | { status: "in-progress"; retryAfterMs: number }
  | { status: "done"; outcome: "accepted" | "rejected"; value: string; expiresInMs: number }
  /** Accepted before, its value no longer kept: still not to be used again. */
  | { status: "spent" }
  /** Same key, other fingerprint, collector or (once settled) payload. */
  | { status: "mismatch" }
  /** An attempt died where its effect cannot be known. */
  | { status: "unknown"; evidence?: string }
  /** Paid for and owed: claim gives the lease to deliver under, and what was kept of the result. */
  | { status: "settled"; receipt: string; lease?: Lease; kept?: string }
  /** Paid for and handed over. `kept` from claim alone. */
  | { status: "delivered"; receipt: string; kept?: string }
  /** Ended without a settlement, for good. */
  | { status: "expired"; reason: string };

/** A record as one who holds nothing sees it. `payload`: SHA-256 of the payload that a payment's record is bound to. */
export type Look =
  | (Exclude<Claim, { status: "claimed" | "mismatch" }> & { payload?: string })
  | { status: "absent"; payload?: string };

/** "lost": the lease is no longer (or never was) the record's; `current` is what the record is now. */
export type Ended = { status: "ok" } | { status: "lost"; current: Claim["status"] | "absent" };

/** What became of a receipt or a delivery that was recorded. `receipt` is the recorded one, `kept` what was kept. */
export type Settlement =
  | {
      status: "settled";
      receipt: string;
      kept?: string;
      /** The payment had been ended as expired: an alarm. */
      wasExpired?: true;
    }
  /** `byYou`: by this token, now or before. */
  | { status: "delivered"; byYou: boolean; receipt: string; kept?: string; wasExpired?: true }
  /**
   * Nothing can be delivered: there is no receipt on record, or the record is by now bound to another fingerprint or
   * collector than were given beside the receipt, which is recorded all the same.
   */
  | { status: "lost"; current: Claim["status"] | "absent"; wasExpired?: true };

/** A receipt to be recorded. What is given beside it makes a record where there is none any more. */
export interface SettleRequest {
  receipt: string;
  fingerprint?: string | undefined;
  payment?: PaymentClaim | undefined;
  retainUntilMs?: number | undefined;
  /** The holder's own: it goes on, so that its holder can serve. Any other live lease ends with the receipt. */
  lease?: Lease | undefined;
  /** Recorded as delivered too, under this token, in the same write. */
  deliver?: Delivery | undefined;
}

export interface Delivery {
  /** One delivery's own: said again it is the same delivery, and `undeliver` takes back no other. */
  token: string;
  /** The result for duplicates, where it was not kept before. */
  kept?: string | undefined;
  /** How long from now what was kept stays. Default: as long as the record. */
  keptForMs?: number | undefined;
}

/** A payment that needs a person, `reconcileUnresolved` or its payer. */
export interface Unresolved {
  handle: string;
  /** "in-doubt": may have moved. "owed": settled, not delivered. "held": owed for an hour, and still being served. */
  kind: "in-doubt" | "owed" | "held";
  attempt: number;
  /** SHA-256 of the fingerprint. */
  fingerprint: string;
  reference?: string;
  evidence?: string;
  /** Since when: Unix epoch milliseconds. */
  atMs: number;
}

/**
 * The building blocks of `payOnce` and `verifyOnce`, whose records are named `p:<payment.key>` and `v:<payloadHash>`
 * (`v:<refusals>:<payloadHash>` where a payment's key is given).
 * Each call is atomic, and each may be retried with the same token after an unknown outcome. Failures throw a `StoreError`.
 *
 * | state | reads, once its lease is over, as | event -> next state |
 * |---|---|---|
 * | absent, freed | absent | claim -> claimed |
 * | claimed ("retry") | in-progress, free to take | renew for settlement -> settling; release -> freed; complete -> done |
 * | settling ("unknown") | unknown | release -> freed; reconcile -> settling; expire -> expired; complete -> done (a payment's: settled) |
 * | done | done, then spent (accepted) or absent (rejected) | |
 * | any but delivered and done, absent too | | settle -> settled |
 * | settled | settled (owed) | claim -> settled, with a lease; deliver -> delivered |
 * | delivered | delivered | undeliver by the same token -> settled |
 * | expired | expired | settle -> settled, said to have been expired |
 *
 * A payment's record is one that was claimed with `payment`, or settled. It is kept for a day after `retainUntilMs`
 * (counted from now where that is past), while it is in doubt, expired or owed for 31 days.
 *
 * `retainUntilMs` is judged by the store's clock: below now + lease + 10 min it is raised, more than 31 days ahead it throws.
 */
export interface VerificationStore extends AsyncDisposable {
  readonly capabilities: Capabilities;
  /** Takes the key if it is free. The same token on its live lease gets it back ("resume"). */
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
   * Now + leaseMs, never earlier than before. May switch onLeaseExpiry from "retry" to "unknown", never back, and keep in
   * the same write what a settlement is found by and what was made.
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
  ): Promise<Ended>;
  /** Keeps a hint (a transaction hash, say) for the one who must find out what happened; at most maxValueBytes. Replaces the one before. */
  note(key: RecordName, lease: Lease, evidence: string, options?: CallOptions): Promise<Ended>;
  /**
   * Repeated with the same result: ok. A late one on an unknown record of its own that nobody reconciled: ok. On a payment's
   * record "accepted" is `settle` with the value as its receipt, and "rejected" is `expire`.
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
  ): Promise<Ended>;
  /**
   * Proven to have had no effect: the next claim succeeds at once. `refused`: and counts as a refused settlement. `forget`:
   * what is left of a record that is no payment's, so that fences rise and a repetition is ok, goes after ten seconds
   * instead of at the end of its retention.
   */
  release(
    key: RecordName,
    lease: Lease,
    options?: CallOptions & { refused?: boolean | undefined; forget?: boolean | undefined },
  ): Promise<Ended>;
  /** The effect cannot be known: nobody may claim until it is reconciled. */
  markUnknown(key: RecordName, lease: Lease, evidence?: string, options?: CallOptions): Promise<Ended>;
  /**
   * A lease over an unknown record, for the one who can find out what happened; its expiry means unknown again. Where
   * nothing is unknown (any more): what the record is now, or "in-progress" with retryAfterMs 0 where claim decides.
   * Use another token than you claim with: a claim under the same one would resume this lease as if nothing had moved.
   */
  reconcile(key: RecordName, request: { token: string; leaseMs: number }, options?: CallOptions): Promise<Claim>;
  /** Records a receipt. A receipt is a fact: no lease is needed, and only a delivered payment stays as it is. */
  settle(key: RecordName, request: SettleRequest, options?: CallOptions): Promise<Settlement>;
  /** Records that a settled payment's result is handed over. The first token wins. */
  deliver(key: RecordName, delivery: Delivery, options?: CallOptions): Promise<Settlement>;
  /**
   * Takes a delivery back that was not heard of: owed again, or "lost" where another's stands. A late copy of that delivery
   * changes nothing any more, either way.
   */
  undeliver(key: RecordName, token: string, options?: CallOptions): Promise<Ended>;
  /**
   * Ends a payment that will never be settled. With its lease, or, where none is live, without. A settled, delivered or
   * absent one is lost.
   */
  expire(key: RecordName, ending: { reason: string; lease?: Lease | undefined }, options?: CallOptions): Promise<Ended>;
  /** A one-time marker. The same token again is "marked" again: a lost reply locks nobody out. */
  markOnce(
    key: string,
    request: { token: string; fingerprint: string; retainUntilMs: number },
    options?: CallOptions,
  ): Promise<{ status: "marked" } | { status: "already-marked"; mismatch: boolean; atMs: number }>;
  /** For looking; never serve a value from it (it checks no fingerprint). */
  peek(key: RecordName, options?: CallOptions): Promise<Look>;
  /** Payments in doubt or owed, best effort, one round trip a page of records. */
  unresolved(options?: CallOptions): AsyncIterable<Unresolved>;
  /** Resolves at a hint that the key may have changed, or after timeoutMs (default 250); a hint is never truth. */
  wait(key: string, options?: CallOptions & { timeoutMs?: number | undefined }): Promise<void>;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
