// The transition behind peek(): what a record is, for looking.
import type { StoredRecord } from "../atomic-port.ts";
import { phaseOf, readBody, view } from "./verification-record.ts";
import type { Claim } from "./verification-store.ts";

export type Look = Exclude<Claim, { status: "claimed" | "mismatch" }> | { status: "absent" };

/** Changes nothing, and checks no fingerprint. */
export function look(record: StoredRecord | null, nowMs: number): Look {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (record === null || body === null || phase === "absent") return { status: "absent" };
  return view(body, phase, record.endsAtMs, nowMs);
}
