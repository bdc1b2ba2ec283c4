// The transition behind peek(): what a record is, for looking.
import type { StoredRecord } from "../atomic-port.ts";
import { phaseOf, readBody, view } from "./verification-record.ts";
import type { Claim } from "./verification-store.ts";

export type Look = Exclude<Claim, { status: "claimed" | "mismatch" }> | { status: "absent" };

/** What unresolved() tells of a record: since when, and with what evidence. */
export interface UnresolvedRecord {
  atMs: number;
  evidence?: string;
}

/** The transition behind unresolved(): null unless the record is unknown. */
export function unresolvedRecord(record: StoredRecord | null, nowMs: number): UnresolvedRecord | null {
  const body = readBody(record);
  if (body === null || phaseOf(body, nowMs) !== "unknown") return null;
  const { evidence, unknownAtMs, leaseUntilMs } = body;
  return { atMs: unknownAtMs ?? leaseUntilMs, ...(evidence !== undefined && { evidence }) };
}

/** Changes nothing, and checks no fingerprint. */
export function look(record: StoredRecord | null, nowMs: number): Look {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (record === null || body === null || phase === "absent") return { status: "absent" };
  return view(body, phase, record.endsAtMs, nowMs);
}
