// The transitions of a working holder: renew() and note().
import type { StoredRecord } from "../atomic-port.ts";
import {
  isLastHolder,
  type PaymentBody,
  phaseOf,
  RETENTION_FLOOR_MS,
  readBody,
  recordOf,
  type Transition,
  type VerificationBody,
} from "./verification-record.ts";
import { ended, keptRecord, lost } from "./verification-replies.ts";
import type { Lease, LeaseResult } from "./verification-store.ts";

export interface Renewal {
  lease: Lease;
  leaseMs: number;
  toUnknown: boolean;
  /** Undefined: as it was. */
  reference?: string | undefined;
  kept?: string | undefined;
}

/**
 * Extends a live lease, never to an earlier end. An expired lease is lost, even if no other holder took over. On a
 * settled payment a renewal for settlement is lost.
 */
export function renew(record: StoredRecord | null, nowMs: number, request: Renewal): Transition<LeaseResult> {
  const body = readBody(record);
  if (record === null || body === null || phaseOf(body, nowMs) !== "held" || !isLastHolder(body, request.lease)) {
    return { reply: lost(body, nowMs) };
  }
  if (body.state === "settled" && request.toUnknown) return { reply: { status: "lost", current: "settled" } };
  const leaseUntilMs = Math.max(body.leaseUntilMs, nowMs + request.leaseMs);
  const { reference, kept } = request;
  const payment = reference === undefined && kept === undefined ? body.payment : referring(body.payment, reference);
  const renewed: VerificationBody = {
    ...body,
    leaseUntilMs,
    onLeaseExpiry: request.toUnknown ? "unknown" : body.onLeaseExpiry,
    retainUntilMs: Math.max(body.retainUntilMs, leaseUntilMs + RETENTION_FLOOR_MS),
    ...(payment !== undefined && { payment }),
  };
  const write = recordOf(renewed, nowMs);
  return { write, ...(kept !== undefined && { writeKept: keptRecord(kept, write.endsAtMs) }), reply: ended };
}

function referring(before: PaymentBody = { payload: "", refusals: 0 }, reference: string | undefined): PaymentBody {
  return { ...before, ...(reference !== undefined && { reference }) };
}

/** Keeps evidence. Also on the holder's own unknown record: it can only help the caller that reconciles. */
export function note(
  record: StoredRecord | null,
  nowMs: number,
  request: { lease: Lease; evidence: string },
): Transition<LeaseResult> {
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
