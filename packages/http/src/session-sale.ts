// Holds a gate to the sessions that are sold behind it, and these to the gate: before anything is charged.
import { type SessionStore, StoreError } from "@tollbooth-stores/core";
import type { AnswerKeeper } from "./answer-keeper.ts";
import type { PaidGate } from "./paid-gate.ts";
import type { PaymentInHand } from "./payment-in-hand.ts";
import type { Credential, HeaderReader } from "./session-credential.ts";
import type { TokenMaker } from "./session-token.ts";

/** What the two sides of a sale must agree on. */
export interface SaleSide {
  readonly sessions: Pick<SessionStore, "get" | "newId">;
  readonly tokens: TokenMaker;
  readonly credential: Credential;
}

/** A request whose payment is verified and not charged yet. */
export interface RequestedSale {
  readonly payment: PaymentInHand;
  readonly header: HeaderReader;
  readonly moves: ReadonlyMap<string, string>;
}

/** Rejects where the sale would fail after the charge. */
export type CheckSale = (sale: RequestedSale) => Promise<void>;

interface Keeping extends SaleSide {
  readonly sellers: CheckSale[];
}

/** More sellers than this on one gate are made for each request, and are not remembered. */
const MOST_SELLERS = 1_000;
const keepers = new WeakMap<AnswerKeeper, Keeping>();

/** Says that `keeper` keeps sold sessions. The function returned asks the sellers of its gates about a sale. */
export function keepsSessions(keeper: AnswerKeeper, side: SaleSide): CheckSale {
  const sellers: CheckSale[] = [];
  keepers.set(keeper, { ...side, sellers });
  return async (sale) => {
    let failed: { error: unknown } | undefined;
    // Which of several sellers the request is for, only its route knows. So it is refused where none of them could sell.
    for (const check of sellers) {
      try {
        return await check(sale);
      } catch (error) {
        failed = { error };
      }
    }
    if (failed !== undefined && sellers.length < MOST_SELLERS) throw failed.error;
  };
}

/**
 * Throws STORE_CONFIG for a gate that would charge for sessions that it cannot tell again. A gate that tells nothing of itself is taken.
 * Returns the store that the gate reads sold sessions from. Whether it is the seller's shows only by a session: one may be wrapped.
 */
export function requireSellingGate(
  gate: PaidGate,
  side: Omit<SaleSide, "sessions">,
  check: CheckSale,
): SaleSide["sessions"] | undefined {
  if (typeof Object(gate).handle !== "function") {
    throw new StoreError("STORE_CONFIG", "gate must be the gate of the paid() in front: what paidRoutes(...) returns.");
  }
  if (gate.answers === undefined) return undefined;
  const kept = gate.answers === false ? undefined : keepers.get(gate.answers);
  if (kept === undefined) {
    throw new StoreError(
      "STORE_CONFIG",
      "The gate needs `answers: soldSessions({ sessions, secret, cookie | bearer })`: else a payer that lost its token has paid for nothing.",
    );
  }
  const differ = [
    ...(kept.tokens.tokenOf("") === side.tokens.tokenOf("") ? [] : ["secret"]),
    ...(kept.credential.cookieLine("") === side.credential.cookieLine("") ? [] : ["cookie or bearer"]),
  ];
  if (differ.length > 0) {
    throw differing(differ.join(", "));
  }
  if (kept.sellers.length < MOST_SELLERS) kept.sellers.push(check);
  return kept.sessions;
}

/** STORE_CONFIG: the two sides were given different ones of `options`. */
export function differing(options: string): StoreError {
  return new StoreError(
    "STORE_CONFIG",
    `sellSession and its gate's soldSessions must be given the same ${options}: else a lost token cannot be told again.`,
  );
}
