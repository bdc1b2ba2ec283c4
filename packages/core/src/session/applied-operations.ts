// The credits and debits already applied. They make a retry harmless, even after the session expired or was deleted.
import type { StoredRecord } from "../atomic-port.ts";
import { sha256OfFields } from "../hashing.ts";
import { corrupt } from "./session-state.ts";

/** An operation is remembered for at least this long: 24 hours. */
export const rememberMs = 86_400_000;

const hashLength = 22;

/** The remembered form of an opId: 132 bits. A credit and a debit may have the same opId. */
export function operationHash(kind: "credit" | "debit", opId: string): string {
  return sha256OfFields([kind, opId]).slice(0, hashLength);
}

/** The operations in a record. Throws STORE_CORRUPT for a record that holds something else. */
export function appliedOperations(record: StoredRecord | null): readonly string[] {
  if (record === null) return [];
  const { body } = record;
  if (!isTexts(body)) throw corrupt("A stored list of applied operations");
  return body;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
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
    body: [...appliedOperations(record), hash],
  };
}

/** The record, made to last as long as an extended session. Undefined (keep) where it already does or there is none. */
export function extendedOperations(record: StoredRecord | null, sessionEndsAtMs: number): StoredRecord | undefined {
  if (record === null || record.endsAtMs >= sessionEndsAtMs) return undefined;
  return { endsAtMs: sessionEndsAtMs, body: record.body };
}
