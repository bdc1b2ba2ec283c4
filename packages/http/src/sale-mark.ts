// What the store remembers beside a payment that buys time: which session it is for, and how far that has come.
import { createHash, randomUUID } from "node:crypto";
import type { SessionStore } from "@tollbooth-stores/core";

/** The sale is for a session of the payment's own. */
export const OWN = "of:own";
/** Two attempts decided at once. The second one takes its decision back, or has died. */
const CONTESTED = "contested";
/** Longer than a call of the store can be under way. */
const UNDER_WAY_MS = 120_000;
/** Longer than a payment that is owed is remembered: 31 days. */
const REMEMBERED_MS = 32 * 86_400_000;
const LOST = "lost";

export interface SaleMark {
  /** `OWN`, the name of a session that is prolonged, or `CONTESTED`. Undefined: not decided. */
  readonly of: string | undefined;
  /** How many attempts have decided so. */
  readonly attempts: bigint;
  /** The name of the session that was prolonged, and until when, in epoch milliseconds. */
  readonly prolonged: { readonly name: string; readonly untilMs: number } | undefined;
  /** How many sessions of its own the payment has lost before they were told. */
  readonly lost: bigint;
}

/** A payment's mark in the hand of one attempt to sell. Its methods reject as the store does, and where the signal is aborted. */
export interface MarkInHand {
  /** As it was read, or decided last. */
  current(): SaleMark;
  /**
   * Decides which session the sale is for. The first decision stands, until two minutes after the last attempt that made it. Rejects
   * with a TimeoutError where another one stands.
   */
  decide(of: string): Promise<SaleMark>;
  /** Takes the decision back, for all attempts that have made it: that session cannot be had. */
  takeBack(): Promise<void>;
  /** The session of this name was prolonged. Remembered for 32 days. */
  prolonged(name: string, untilMs: number): Promise<void>;
  /** The payment's own session of this number is gone, and was not told. Answers the number of the next one. */
  lose(lost: bigint): Promise<bigint>;
}

/** Names a session by what a rotate keeps of its id. A session's credits are remembered by that too. */
export function sessionName(sessions: Pick<SessionStore, "newId">, id: string): string {
  const [lineage = id] = sessions.newId({ replaces: id }).split(".");
  return `of:${createHash("sha256").update(lineage).digest("base64url").slice(0, 22)}`;
}

/** Undecided where there is no mark. */
export async function readMark(sessions: Pick<SessionStore, "get">, markId: string): Promise<SaleMark> {
  return markOf((await sessions.get(markId))?.quotas);
}

/**
 * A mark is a record of the session store whose id no client has. Its quotas are what it says; `data` is there because a record has some.
 */
export async function takeMark<T>(
  sessions: SessionStore<T>,
  { markId, data, signal }: { markId: string; data: T; signal: AbortSignal },
): Promise<MarkInHand> {
  const found = await sessions.get(markId, { signal });
  let current = markOf(found?.quotas);
  const forLong = { extendMs: REMEMBERED_MS, createWith: { data } };
  return {
    current: () => current,
    async decide(of) {
      if (current.of !== undefined && current.of !== of) throw ahead();
      // A mark from before must outlive the calls of this attempt. Touching adds nothing up, as credits do.
      if (found !== null) await sessions.touch(markId, { signal });
      const createWith = { data, idleTtlMs: UNDER_WAY_MS };
      const begun = { opId: `begin ${randomUUID()}`, quotas: { [of]: 1n }, createWith };
      const credited = await sessions.credit(markId, begun, { signal });
      if (credited.status !== "ok") throw ahead();
      current = markOf(credited.quotas);
      if (current.of === of) return current;
      await sessions.debit(markId, { quota: of, amount: 1n });
      throw ahead();
    },
    async takeBack() {
      const { of, attempts } = current;
      if (of !== undefined) await sessions.debit(markId, { quota: of, amount: attempts });
      current = { ...current, of: undefined, attempts: 0n };
    },
    async prolonged(name, untilMs) {
      const quotas = { [name]: 1n, [`until:${name}`]: BigInt(untilMs) };
      await sessions.credit(markId, { ...forLong, opId: "done", quotas });
    },
    async lose(lost) {
      // The number is in the opId: of attempts that lose the same session, one counts.
      await sessions.credit(markId, { ...forLong, opId: `lost ${lost}`, quotas: { [LOST]: 1n } }, { signal });
      return lost + 1n;
    },
  };
}

function markOf(quotas: Readonly<Record<string, bigint>> = {}): SaleMark {
  const entries = Object.entries(quotas);
  const decided = entries.filter(([name, attempts]) => name.startsWith("of:") && attempts > 0n);
  const [first] = decided;
  const [until] = entries.filter(([name]) => name.startsWith("until:"));
  const lost = quotas[LOST] ?? 0n;
  const of = decided.length > 1 ? CONTESTED : first?.[0];
  return {
    // A session of its own was made, so no late attempt decides otherwise.
    of: lost > 0n ? OWN : of,
    attempts: first?.[1] ?? 0n,
    prolonged: until && { name: until[0].slice("until:".length), untilMs: Number(until[1]) },
    lost,
  };
}

/** The payment stays owed, and its next attempt goes on. */
export function ahead(): DOMException {
  return new DOMException("Another attempt is ahead of this one.", "TimeoutError");
}
