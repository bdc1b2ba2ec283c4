// The transitions of a holder at work: renew() and note().
import type { StoredRecord } from "../atomic-port.ts";
import {
  ended,
  isLastHolder,
  lost,
  phaseOf,
  RETENTION_FLOOR_MS,
  readBody,
  recordOf,
  type Transition,
  type VerificationBody,
} from "./verification-record.ts";
import type { Ended, Lease } from "./verification-store.ts";

/** Extends a live lease, never backwards. An expired one is lost, even if nobody took over. */
export function renew(
  record: StoredRecord | null,
  nowMs: number,
  request: { lease: Lease; leaseMs: number; toUnknown: boolean },
): Transition<Ended> {
  const body = readBody(record);
  if (record === null || body === null || phaseOf(body, nowMs) !== "held" || !isLastHolder(body, request.lease)) {
    return { reply: lost(body, nowMs) };
  }
  const leaseUntilMs = Math.max(body.leaseUntilMs, nowMs + request.leaseMs);
  const renewed: VerificationBody = {
    ...body,
    leaseUntilMs,
    onLeaseExpiry: request.toUnknown ? "unknown" : body.onLeaseExpiry,
    retainUntilMs: Math.max(body.retainUntilMs, leaseUntilMs + RETENTION_FLOOR_MS),
  };
  return { write: recordOf(renewed, nowMs), reply: ended };
}

/** Keeps evidence. Also on an unknown record of the holder's own: whoever reconciles it can only gain. */
export function note(
  record: StoredRecord | null,
  nowMs: number,
  request: { lease: Lease; evidence: string },
): Transition<Ended> {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (
    record === null ||
    body === null ||
    (phase !== "held" && phase !== "unknown") ||
    !isLastHolder(body, request.lease)
  ) {
    return { reply: lost(body, nowMs) };
  }
  return { write: recordOf({ ...body, evidence: request.evidence }, nowMs), reply: ended };
}
