// The input of payOnce: a payment, and the seller's steps.
import type { StepContext } from "./step-context.ts";
import type { Verify } from "./verify.ts";

/** One payment: its names, its validity, and what finds it again. */
export interface Payment {
  /** Names the payment: `paymentKey(...)`. Not empty. */
  key: string;
  /** Names the exact payload, signature included: `payloadHash(...)`. Not empty. */
  payloadHash: string;
  /** Names the purchase: `paymentFingerprint(...)`. Not empty. */
  fingerprint: string;
  /**
   * The end of the payment's validity in Unix epoch milliseconds (x402's `validBefore` is in seconds), at most 31 days
   * ahead. The payment is remembered for a day longer, by the store's clock. A value below 10^12 is refused as seconds.
   */
  validUntilMs: number;
  /**
   * A secret from the request that only the payer knows: an `Idempotency-Key` or a session, say. The first claim binds
   * it. A caller with another one, or with none, gets "conflict". Without a collector, the first caller to present a
   * settled payment collects it. A settled authorization is public on its chain, so without one use `keep` only where
   * that does not matter.
   */
  collector?: string | undefined;
  /**
   * What `findSettlement` needs after a crash: network, asset, payer, nonce and validBefore, say, but no signature. The
   * renewal for settlement keeps it; `findSettlement`, `unresolved()` and `reconcileUnresolved` are given it.
   */
  reference?: string | undefined;
  /**
   * What the price was made of, beside the purchase: a text of the caller's, kept in plain with the payload that was accepted. payOnce
   * compares it with nothing; `peek` shows it.
   */
  pricedBy?: string | undefined;
}

/** The answer of settle. `used`: refused because the payment was settled before. */
export type SettleResult = { ok: true; receipt: string } | { ok: false; reason: string; used?: boolean | undefined };

/**
 * The outcome of an attempt. `none`: it never settled and never will, because it has expired or was made void; the
 * payment is rejected from then on. Never answer `none` while an earlier settle may still run. "unknown": it cannot be
 * told.
 */
export type FoundSettlement = { receipt: string } | { none: "expired" | "void" } | "unknown";

/** The context of settle. */
export interface SettleContext extends StepContext {
  /**
   * Keeps evidence (a transaction hash, say) for `findSettlement`. Resolves once the store has it. If the store cannot
   * be reached it resolves too, and the evidence is sent again while the attempt lasts. Rejects if the lease is lost:
   * stop then.
   */
  note(evidence: string): Promise<void>;
}

/** The context of findSettlement. */
export interface FindContext extends StepContext {
  /** As the payment gave it, now or at an earlier attempt. */
  reference?: string | undefined;
}

/** The seller's steps. `verify`, `settle` and `findSettlement` have three leases to answer; `serve` has no limit. */
export interface PaymentSteps<R> {
  /**
   * Is the payload good? A rejection must be deterministic. Where the next answer could differ, answer `later` or
   * throw.
   */
  verify: Verify;
  /**
   * Makes the result that is sold. A throw before the settlement frees the payment, since nothing has moved. A throw
   * after it leaves the payment owed.
   */
  serve(context: StepContext): Promise<R>;
  /**
   * Moves the money. Check `signal.aborted` immediately before it moves. Answer `ok: false` only where it did not move.
   * A throw or an unclear answer leaves the payment in doubt.
   */
  settle(context: SettleContext): Promise<SettleResult>;
  /**
   * Called where an attempt's outcome is unknown, and after every refusal of settle. It may settle the very same
   * authorization again where the ledger makes that idempotent.
   */
  findSettlement(evidence: string | undefined, context: FindContext): Promise<FoundSettlement>;
}

/** Keeps a result for a payer that lost the answer, and for duplicates. */
export interface Keep<R> {
  /** A throw, ill-formed Unicode, or more than the store's maxValueBytes: the result is not kept. */
  write(result: R): string;
  /** A throw: an owed result is made again, and a duplicate gets none. A duplicate hears a `StoreError`. */
  read(text: string): R | Promise<R>;
  /** How long after its delivery a result is kept, in milliseconds. Default: as long as the payment is remembered. */
  forMs?: number | undefined;
}
