// Prolongs the session that a buyer presents: once for one payment, also where that session is moved or over meanwhile.
import { createHash } from "node:crypto";
import { isStoreError, type SessionRecord, type SessionStore } from "@tollbooth-stores/core";
import type { PaymentInHand } from "./paid-gate.ts";
import type { Sold } from "./session-token.ts";

export interface Prolonging<T> {
  readonly sessions: SessionStore<T>;
  readonly grant: { readonly extendMs: number; readonly quotas: Record<string, bigint> };
  data(payment: PaymentInHand): T;
  /** Whether this session is to be prolonged; else the payment makes a new one. */
  prolongs(record: SessionRecord<T>, payment: PaymentInHand): boolean;
  /** The id of a record that no client has, beside a payment. */
  markOf(paymentKey: string): string;
  /** Whether the payment has made a session of its own. */
  hasOwn(paymentKey: string): Promise<boolean>;
}

export interface Prolonger {
  /**
   * Undefined: nothing was and nothing is being prolonged by this payment, so it makes a new session. `id` is undefined where an
   * earlier attempt has prolonged a session that this request does not present. Rejects with a TimeoutError where another attempt may
   * be at work, or died; within two minutes that is over.
   */
  prolong(
    payment: PaymentInHand,
    presented: string | undefined,
  ): Promise<{ id?: string | undefined; sold: Sold } | undefined>;
  /** Rejects as `prolong` does where a session is being prolonged by this payment. */
  requireNone(paymentKey: string): Promise<void>;
}

/** Longer than a credit can be under way. */
const UNDER_WAY_MS = 120_000;
/** Longer than a payment that is owed is remembered: 31 days. */
const REMEMBERED_MS = 32 * 86_400_000;
const UNTIL = "until";

/**
 * A session's own memory of a credit goes where the session goes: after a rotate, or its end, "missing" does not say whether this
 * payment was credited. So that is kept beside the payment, as quotas of a record of its own: first which session (by a hash of what
 * a rotate keeps of its id) is being prolonged, for two minutes; then until when it was. An attempt writes that before it credits, and
 * looks for a session of the payment's own after that; one that makes such a session looks the other way round. So never both, unless
 * a process dies between the credit and its record, and the session is not presented within two minutes: that is decided for the payer.
 */
export function prolonger<T>({ sessions, grant, data, prolongs, markOf, hasOwn }: Prolonging<T>): Prolonger {
  async function creditOnce(id: string, opId: string): Promise<Sold | "missing" | "no room"> {
    try {
      const credited = await sessions.credit(id, { ...grant, opId });
      return credited.status === "ok" ? credited : "missing";
    } catch (error) {
      // Past its absolute deadline, or too much of a quota. Nothing was changed.
      const hasNoRoom = isStoreError(error, "STORE_INVALID_ARGUMENT") || isStoreError(error, "STORE_VALUE_TOO_LARGE");
      if (!hasNoRoom) throw error;
      return "no room";
    }
  }

  /** Names a session by what a rotate keeps of its id. The credits of a session are remembered by that too. */
  function nameOf(id: string): string {
    const [lineage = id] = sessions.newId({ replaces: id }).split(".");
    return `of:${createHash("sha256").update(lineage).digest("base64url").slice(0, 22)}`;
  }

  return {
    async prolong(payment, presented) {
      const { key: opId, fence, signal } = payment;
      const markId = markOf(opId);
      const mark = await sessions.get(markId, { signal });
      const until = mark?.quotas?.[UNTIL];
      const of = presented === undefined ? undefined : nameOf(presented);
      const isOurs = mark !== null && isOnly(of, mark.quotas);
      if (until !== undefined) return { ...(isOurs && { id: presented }), sold: { expiresAtMs: Number(until) } };
      if (mark !== null && !isOurs) throw ahead();

      const record = presented === undefined ? null : await sessions.get(presented, { signal });
      const isWanted = record !== null && (mark !== null || prolongs(record, payment)) && !(await hasOwn(opId));
      if (presented === undefined || of === undefined || !isWanted) {
        if (mark !== null) throw ahead();
        return undefined;
      }

      const createWith = { data: data(payment) };
      // Of this attempt: the store remembers the credits of a record that is over.
      const begin = { opId: `begin ${fence}`, extendMs: UNDER_WAY_MS, quotas: { [of]: 1n }, createWith };
      const begun = await sessions.credit(markId, begin);
      if (begun.status !== "ok" || (await hasOwn(opId))) throw ahead();
      if (!isOnly(of, begun.quotas)) {
        // Another attempt was first, with another session.
        await sessions.debit(markId, { quota: of, amount: 1n });
        throw ahead();
      }
      signal.throwIfAborted();
      const credited = await creditOnce(presented, opId);
      if (credited === "missing") throw ahead();
      if (credited === "no room") {
        await sessions.delete(markId);
        return undefined;
      }
      const done = { [UNTIL]: BigInt(credited.expiresAtMs) };
      await sessions.credit(markId, { opId: "done", extendMs: REMEMBERED_MS, quotas: done, createWith });
      return { id: presented, sold: credited };
    },
    async requireNone(paymentKey) {
      if ((await sessions.get(markOf(paymentKey))) !== null) throw ahead();
    },
  };
}

/** Whether this session, and no other one, is named there. */
function isOnly(of: string | undefined, quotas: Readonly<Record<string, bigint>> = {}): boolean {
  const named = Object.entries(quotas).flatMap(([name, count]) => (name.startsWith("of:") && count > 0n ? [name] : []));
  return named.length === 1 && named[0] === of;
}

/** The payment stays owed, and its next attempt goes on. */
export function ahead(): DOMException {
  return new DOMException("Another attempt is ahead of this one.", "TimeoutError");
}
