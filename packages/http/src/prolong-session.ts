// Prolongs the session that a buyer presents: once for one payment, also where that session is moved or over meanwhile.
import { isStoreError, type SessionRecord, type SessionStore } from "@tollbooth-stores/core";
import type { PaymentInHand } from "./payment-in-hand.ts";
import { ahead, type MarkInHand, sessionName } from "./sale-mark.ts";
import type { Sold } from "./session-token.ts";

export interface Prolonging<T> {
  readonly sessions: SessionStore<T>;
  readonly grant: { readonly extendMs: number; readonly quotas: Record<string, bigint> };
  /** Whether this session is to be prolonged; else the payment makes a new one. */
  prolongs(record: SessionRecord<T>, payment: PaymentInHand): boolean;
  /** The id of the session that the payment would make. */
  tokenOf(paymentKey: string): string;
}

/** Undefined: nothing was prolonged. Rejects with a TimeoutError where another attempt may be at work. */
export type Prolong = (payment: PaymentInHand, presented: string, mark: MarkInHand) => Promise<Sold | undefined>;

/**
 * A session's own memory of a credit goes where the session goes: after a rotate, or its end, "missing" does not say whether this
 * payment was credited. So the mark says which session is being prolonged before it is credited, and until when it was after that. An
 * attempt with another session, or with none, stops there. A process that dies between the credit and its mark leaves that in doubt; if
 * the session is not presented for two minutes, it is decided for the payer.
 */
export function prolonger<T>({ sessions, grant, prolongs, tokenOf }: Prolonging<T>): Prolong {
  async function creditOnce(id: string, { key: opId, signal }: PaymentInHand): Promise<Sold | "missing" | "no room"> {
    try {
      const credited = await sessions.credit(id, { ...grant, opId }, { signal });
      return credited.status === "ok" ? credited : "missing";
    } catch (error) {
      // Past its absolute deadline, or too much of a quota. Nothing was changed.
      const hasNoRoom = isStoreError(error, "STORE_INVALID_ARGUMENT") || isStoreError(error, "STORE_VALUE_TOO_LARGE");
      if (!hasNoRoom) throw error;
      return "no room";
    }
  }

  return async (payment, presented, mark) => {
    const { key, signal } = payment;
    const name = sessionName(sessions, presented);
    const { of } = mark.current();
    if (of !== undefined && of !== name) return undefined;
    const record = await sessions.get(presented, { signal });
    if (record === null || (of === undefined && !prolongs(record, payment))) return undefined;

    await mark.decide(name);
    // Read after the decision, because the payment's own session is made after one.
    const own = await sessions.get(tokenOf(key), { signal });
    const credited = own === null ? await creditOnce(presented, payment) : "no room";
    if (credited === "missing") throw ahead();
    if (credited === "no room") {
      await mark.takeBack();
      return undefined;
    }
    await mark.prolonged(name, credited.expiresAtMs);
    return credited;
  };
}
