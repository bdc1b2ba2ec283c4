// The transitions of a holder at work: renew() and note().
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
import type { Ended, Lease } from "./verification-store.ts";

export interface Renewal {
  lease: Lease;
  leaseMs: number;
  toUnknown: boolean;
  /** Undefined: as it was. */
  reference?: string | undefined;
  kept?: string | undefined;
}

/**
 * Extends a live lease, never backwards. An expired one is lost, even if nobody took over; and so is one that would go on to
 * a settlement of what is settled.
 */
export function renew(record: StoredRecord | null, nowMs: number, request: Renewal): Transition<Ended> {
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

/** Keeps evidence. Also on an unknown record of the holder's own: the one who reconciles it can only gain. */
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
