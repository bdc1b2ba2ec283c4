// The order in which the writes of one step reach an adapter that cannot write them together. A process that dies
// between two of them leaves a beginning of this order behind. So the order is chosen for what such a beginning means.
import type { StoredRecord } from "@tollbooth-stores/core";

/** One key that a step changes. */
export interface Change {
  readonly key: string;
  /** The live record there now. */
  readonly before: StoredRecord | null;
  /** The record to write; null deletes. */
  readonly after: StoredRecord | null;
}

/**
 * A step's keys start with its main record, followed by the records that refer to it (session, remembered opIds, index;
 * a payment, its result); or the index comes before the sessions that it lists. The writes go from the last key to the
 * first:
 *
 * - An opId is remembered before its credit or debit is made. So a payment never counts twice, at worst not at all.
 * - A session joins its subject's index before it exists. So none escapes `deleteBySubject`.
 * - A payment's result is kept before its record says that it is in doubt or delivered. So none of these lacks it.
 *
 * Where a step deletes: new records first, then the deletions, then the rest. So `rotate` writes the successor, whose
 * id no caller knows yet, before the old session goes; and sessions are gone before their index forgets them.
 */
export function inSafeOrder(changes: readonly Change[]): Change[] {
  const lastFirst = [...changes].reverse();
  if (changes.every(({ after }) => after !== null)) return lastFirst;
  const rank = ({ before, after }: Change) => (after === null ? 1 : before === null ? 0 : 2);
  return lastFirst.sort((one, other) => rank(one) - rank(other));
}
