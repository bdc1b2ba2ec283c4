// The transitions that end a holder's work: complete(), release() and markUnknown().
import type { StoredRecord } from "../atomic-port.ts";
import {
  ended,
  isLastHolder,
  lost,
  phaseOf,
  RETENTION_CEILING_MS,
  RETENTION_FLOOR_MS,
  readBody,
  recordOf,
  type Transition,
  type VerificationBody,
} from "./verification-record.ts";
import type { Ended, Lease } from "./verification-store.ts";

export interface Completion {
  lease: Lease;
  outcome: "accepted" | "rejected";
  value: string;
  /** Undefined: as long as the record. */
  valueTtlMs: number | undefined;
  retainUntilMs: number;
}

/**
 * Keeps the result: on a live lease, or late on an unknown record of the holder's own that nobody reconciled. The same
 * result again is ok and changes nothing. Retention is never shortened and lasts at least as long as the value.
 */
export function complete(record: StoredRecord | null, nowMs: number, result: Completion): Transition<Ended> {
  const body = readBody(record);
  if (record === null || body === null || !isLastHolder(body, result.lease)) return { reply: lost(body, nowMs) };
  if (body.state === result.outcome && body.value === result.value) return { reply: ended };
  const phase = phaseOf(body, nowMs);
  if (phase !== "held" && phase !== "unknown") return { reply: lost(body, nowMs) };
  const { valueTtlMs = 0 } = result;
  // Nothing is refused here any more: what was done must be recorded, whatever the clock has done since the claim.
  const asked = Math.max(Math.min(result.retainUntilMs, nowMs + RETENTION_CEILING_MS), nowMs + RETENTION_FLOOR_MS);
  const retainUntilMs = Math.max(body.retainUntilMs, asked, nowMs + valueTtlMs);
  const done: VerificationBody = {
    state: result.outcome,
    fence: body.fence,
    attempt: body.attempt,
    token: body.token,
    fingerprint: body.fingerprint,
    leaseUntilMs: body.leaseUntilMs,
    onLeaseExpiry: body.onLeaseExpiry,
    retainUntilMs,
    value: result.value,
    valueUntilMs: result.valueTtlMs === undefined ? retainUntilMs : nowMs + result.valueTtlMs,
  };
  return { write: recordOf(done, nowMs), reply: ended };
}

/** Frees the key at once. What stays until retention ends is a tombstone, so that fences go on rising. */
export function release(record: StoredRecord | null, nowMs: number, lease: Lease): Transition<Ended> {
  const body = readBody(record);
  if (record === null || body === null || !isLastHolder(body, lease)) return { reply: lost(body, nowMs) };
  if (body.state === "released") return { reply: ended };
  if (phaseOf(body, nowMs) !== "held") return { reply: lost(body, nowMs) };
  const { evidence: _, ...rest } = body;
  const retainUntilMs = Math.max(body.retainUntilMs, nowMs + RETENTION_FLOOR_MS);
  return { write: recordOf({ ...rest, state: "released", retainUntilMs }, nowMs), reply: ended };
}

/**
 * Bars the key until it is reconciled. Also late, by the last holder, as long as nobody took over: what it reports may
 * have moved money, whatever its lease said.
 */
export function markUnknown(
  record: StoredRecord | null,
  nowMs: number,
  request: { lease: Lease; evidence: string | undefined },
): Transition<Ended> {
  const body = readBody(record);
  if (
    record === null ||
    body === null ||
    !isLastHolder(body, request.lease) ||
    (body.state !== "in-progress" && body.state !== "unknown")
  ) {
    return { reply: lost(body, nowMs) };
  }
  const evidence = request.evidence ?? body.evidence;
  const unknown: VerificationBody = {
    ...body,
    state: "unknown",
    unknownAtMs: body.unknownAtMs ?? nowMs,
    ...(evidence !== undefined && { evidence }),
  };
  return { write: recordOf(unknown, nowMs), reply: ended };
}
