// What payOnce is given: a payment, and what the seller does about it.
import type { StepContext } from "./step-context.ts";
import type { Verify } from "./verify.ts";

/** What is paid with, and for what. */
export interface Payment {
  /** Names the payment: `paymentKey(...)`. Not empty. */
  key: string;
  /** Names the exact payload, signature included: `payloadHash(...)`. Not empty. */
  payloadHash: string;
  /** Names what is bought: `paymentFingerprint(...)`. Not empty. */
  fingerprint: string;
  /**
   * Until when the payment could be settled: Unix epoch milliseconds (x402's `validBefore` is in seconds), at most 31 days
   * ahead. The payment is remembered for a day longer, by the store's clock. Below 10^12 it is refused as seconds.
   */
  validUntilMs: number;
  /**
   * Something from the request that only the payer knows, an `Idempotency-Key` or a session, say. The first claim binds it;
   * a presenter with another one, or with none, gets "conflict". Without it the first to present a settled payment collects:
   * an authorization is public on its chain once it is settled, so hand out `kept` only where that does not matter.
   */
  collector?: string | undefined;
  /**
   * What `findSettlement` needs after a crash: network, asset, payer, nonce and validBefore, say, and no signature. Kept with
   * the renewal for settlement, handed to `findSettlement`, `unresolved()` and `reconcileUnresolved`.
   */
  reference?: string | undefined;
}

/** The answer to settle. `used`: refused because the payment was settled before. */
export type SettleResult = { ok: true; receipt: string } | { ok: false; reason: string; used?: boolean | undefined };

/**
 * What became of an attempt. `none`: it never settled and never will, because it has expired or was made void: the payment
 * is rejected from then on. Nobody may say so while an earlier settle may still run. "unknown" where it cannot be told.
 */
export type FoundSettlement = { receipt: string } | { none: "expired" | "void" } | "unknown";

/** The context of settle. */
export interface SettleContext extends StepContext {
  /**
   * Keeps evidence (a transaction hash, say) for the one who must find out. Resolves once the store has it, or could not be
   * reached, in which case it is tried again while the attempt lasts. Rejects where the lease is lost: then do not go on.
   */
  note(evidence: string): Promise<void>;
}

/** The context of findSettlement. */
export interface FindContext extends StepContext {
  /** As the payment gave it, now or at an earlier attempt. */
  reference?: string | undefined;
}

/** What the seller does. `verify`, `settle` and `findSettlement` have three leases to answer, `serve` has no limit. */
export interface PaymentSteps<R> {
  /** Is the payload good? A rejection must be deterministic; answer `later`, or throw, where it could be otherwise next time. */
  verify: Verify;
  /** Makes what is sold. A throw before the settlement frees the payment: nothing has moved. After it the payment stays owed. */
  serve(context: StepContext): Promise<R>;
  /**
   * Moves the money. Look at `signal.aborted` last of all before it moves. `ok: false` only where it did not move; what it
   * throws, or answers unclearly, means that nobody knows.
   */
  settle(context: SettleContext): Promise<SettleResult>;
  /**
   * Asked where an attempt's outcome is unknown, and after every refusal of settle. It may settle the very same authorization
   * again where the ledger makes that idempotent.
   */
  findSettlement(evidence: string | undefined, context: FindContext): Promise<FoundSettlement>;
}

/** How a result is kept for the payer whose answer was lost, and for duplicates. */
export interface Keep<R> {
  /** A throw, ill-formed Unicode, or more than the store's maxValueBytes: the result is not kept. */
  write(result: R): string;
  /** A throw: the result is made again where it is owed, and left out for a duplicate. */
  read(text: string): R;
  /** How long after its delivery a result is kept, in milliseconds. Default: as long as the payment is remembered. */
  forMs?: number | undefined;
}
