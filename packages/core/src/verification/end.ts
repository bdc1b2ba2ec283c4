// The transitions that end a holder's work: complete(), release() and markUnknown().
import type { StoredRecord } from "../atomic-port.ts";
import {
  ended,
  isLastHolder,
  lost,
  phaseOf,
  readBody,
  retention,
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
  const asked = retention(result.retainUntilMs, nowMs, nowMs);
  const endsAtMs = Math.max(record.endsAtMs, asked, nowMs + valueTtlMs);
  const done: VerificationBody = {
    state: result.outcome,
    fence: body.fence,
    attempt: body.attempt,
    token: body.token,
    fingerprint: body.fingerprint,
    leaseUntilMs: body.leaseUntilMs,
    onLeaseExpiry: body.onLeaseExpiry,
    value: result.value,
    valueUntilMs: result.valueTtlMs === undefined ? endsAtMs : nowMs + result.valueTtlMs,
  };
  return { write: { endsAtMs, body: done }, reply: ended };
}

/** Frees the key at once. What stays until retention ends is a tombstone, so that fences go on rising. */
export function release(record: StoredRecord | null, nowMs: number, lease: Lease): Transition<Ended> {
  const body = readBody(record);
  if (record === null || body === null || !isLastHolder(body, lease)) return { reply: lost(body, nowMs) };
  if (body.state === "released") return { reply: ended };
  if (phaseOf(body, nowMs) !== "held") return { reply: lost(body, nowMs) };
  const { evidence: _, ...rest } = body;
  return { write: { endsAtMs: record.endsAtMs, body: { ...rest, state: "released" } }, reply: ended };
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
  return {
    write: {
      endsAtMs: record.endsAtMs,
      body: {
        ...body,
        state: "unknown",
        unknownAtMs: body.unknownAtMs ?? nowMs,
        ...(evidence !== undefined && { evidence }),
      },
    },
    reply: ended,
  };
}
