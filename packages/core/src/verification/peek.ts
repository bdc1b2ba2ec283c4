// The transitions behind peek() and unresolved(): reading a record without its lease.
import type { StoredRecord } from "../atomic-port.ts";
import { phaseOf, readBody } from "./verification-record.ts";
import { view } from "./verification-replies.ts";
import type { Look, Unresolved } from "./verification-store.ts";

/** A payment that is still being served this long after its settlement is listed. */
const SERVED_LONG_MS = 3_600_000;

export type UnresolvedRecord = Omit<Unresolved, "handle">;

/**
 * The transition behind unresolved(): null unless the record is in doubt, owed, or held for an hour after settlement.
 */
export function unresolvedRecord(record: StoredRecord | null, nowMs: number): UnresolvedRecord | null {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (body === null) return null;
  const { attempt, fingerprint, evidence, payment } = body;
  const settledAtMs = payment?.settledAtMs ?? nowMs;
  const about = (kind: Unresolved["kind"], atMs: number): UnresolvedRecord => ({
    kind,
    attempt,
    fingerprint,
    ...(payment?.reference !== undefined && { reference: payment.reference }),
    ...(evidence !== undefined && { evidence }),
    atMs,
  });
  if (phase === "unknown") return about("in-doubt", body.unknownAtMs ?? body.leaseUntilMs);
  if (phase === "settled") return about("owed", settledAtMs);
  if (phase === "held" && body.state === "settled" && nowMs - settledAtMs >= SERVED_LONG_MS) {
    return about("held", settledAtMs);
  }
  return null;
}

/** The transition behind peek(). Changes nothing, and checks no fingerprint. */
export function look(record: StoredRecord | null, nowMs: number): Look {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (record === null || body === null || phase === "absent") return { status: "absent" };
  const { payload = "", reference } = body.payment ?? {};
  return {
    ...view(body, phase, record.endsAtMs, nowMs),
    ...(payload !== "" && { payload }),
    // Callers that wait read a record often, and need no reference for it.
    ...(phase === "expired" && reference !== undefined && { reference }),
  };
}
