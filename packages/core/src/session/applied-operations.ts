// The credits and debits already applied. They make a retry harmless, even after the session expired or was deleted.
import type { StoredRecord } from "../atomic-port.ts";
import { sha256OfFields } from "../hashing.ts";
import { type InstantMap, instantMap, instantOf, withInstant } from "./instant-map.ts";

/** An operation is remembered for at least this long: 24 hours. */
export const rememberMs = 86_400_000;

const hashLength = 22;

/** The remembered form of an opId: 132 bits. A credit and a debit may have the same opId. */
export function operationHash(kind: "credit" | "debit", opId: string): string {
  return sha256OfFields([kind, opId]).slice(0, hashLength);
}

/** Whether an operation is among those of a record. Throws STORE_CORRUPT for a record that holds something else. */
export function isApplied(record: StoredRecord | null, hash: string): boolean {
  return instantOf(operationsIn(record), hash) !== undefined;
}

/** The record with one more operation, kept until the session's end or 24 h from now, whichever is later. */
export function withOperation(
  record: StoredRecord | null,
  hash: string,
  nowMs: number,
  sessionEndsAtMs: number,
): StoredRecord {
  return {
    endsAtMs: Math.max(record?.endsAtMs ?? 0, sessionEndsAtMs, nowMs + rememberMs),
    body: withInstant(operationsIn(record), hash, nowMs),
  };
}

/** The record, made to last as long as an extended session. Undefined (keep) where it already does or there is none. */
export function extendedOperations(record: StoredRecord | null, sessionEndsAtMs: number): StoredRecord | undefined {
  if (record === null || record.endsAtMs >= sessionEndsAtMs) return undefined;
  return { endsAtMs: sessionEndsAtMs, body: record.body };
}

/** When each operation was applied. All are remembered until the record ends. */
function operationsIn(record: StoredRecord | null): InstantMap | null {
  return record && instantMap(record.body, "A stored list of applied operations");
}
