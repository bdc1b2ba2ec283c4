// In which order the writes of one step reach an adapter that cannot write them together. A process that dies between
// two of them leaves a beginning of this order behind, so it is chosen for what such a beginning means.
import type { StoredRecord } from "@tollbooth-stores/core";

/** One key that a step changes. */
export interface Change {
  readonly key: string;
  /** What is live there now. */
  readonly before: StoredRecord | null;
  /** What shall be; null deletes. */
  readonly after: StoredRecord | null;
}

/**
 * A step's keys come with what it is about first and what refers to that later (session, remembered opIds, index; a
 * payment, its result), or with the index before the sessions it lists. From the last key to the first, then:
 *
 * - An opId is remembered before its credit or debit is made: a payment counts never twice, at worst not at all.
 * - A session joins its subject's index before it is there: none escapes `deleteBySubject`.
 * - A payment's result is kept before its record says that it is in doubt or delivered: none of these lacks it.
 *
 * Where something is deleted: what is new, then what goes, then the rest. So `rotate` writes the successor, whose id
 * nobody knows yet, before the old session goes; and sessions are gone before their index forgets them.
 */
export function inSafeOrder(changes: readonly Change[]): Change[] {
  const lastFirst = [...changes].reverse();
  if (changes.every(({ after }) => after !== null)) return lastFirst;
  const rank = ({ before, after }: Change) => (after === null ? 1 : before === null ? 0 : 2);
  return lastFirst.sort((one, other) => rank(one) - rank(other));
}
