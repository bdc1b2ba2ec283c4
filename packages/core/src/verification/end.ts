// The transitions that end a holder's work: complete(), release() and markUnknown().
import type { StoredRecord } from "../atomic-port.ts";
import { expire, settle } from "./settle.ts";
import {
  isLastHolder,
  phaseOf,
  RETENTION_CEILING_MS,
  RETENTION_FLOOR_MS,
  readBody,
  recordOf,
  type Transition,
  type VerificationBody,
} from "./verification-record.ts";
import { ended, lost } from "./verification-replies.ts";
import type { Lease, LeaseResult } from "./verification-store.ts";

/** How long the tombstone of a forgotten record stays. */
const TOMBSTONE_MS = 10_000;

export interface Completion {
  lease: Lease;
  outcome: "accepted" | "rejected";
  value: string;
  /** Undefined: as long as the record. */
  valueTtlMs: number | undefined;
  retainUntilMs: number;
}

/**
 * Keeps the result: on a live lease, or late on the holder's own unknown record that was not reconciled. Repeating the
 * same result is ok and changes nothing. Retention is never shortened and lasts at least as long as the value. A
 * payment's record becomes settled or expired.
 */
export function complete(
  record: StoredRecord | null,
  nowMs: number,
  result: Completion,
  kept: StoredRecord | null = null,
): Transition<LeaseResult> {
  const body = readBody(record);
  if (record === null || body === null || !isLastHolder(body, result.lease)) return { reply: lost(body, nowMs) };
  if (body.payment !== undefined) return completePayment(record, body, nowMs, result, kept);
  if (body.state === result.outcome && body.value === result.value) return { reply: ended };
  const phase = phaseOf(body, nowMs);
  if (phase !== "held" && phase !== "unknown") return { reply: lost(body, nowMs) };
  const { valueTtlMs = 0 } = result;
  // Nothing is refused here: finished work must be recorded, whatever the clock has done since the claim.
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

/** "accepted" carries the receipt. "rejected" says that there will be none. */
function completePayment(
  record: StoredRecord,
  body: VerificationBody,
  nowMs: number,
  { lease, outcome, value }: Completion,
  kept: StoredRecord | null,
): Transition<LeaseResult> {
  const said = outcome === "accepted" ? ["settled", "delivered"] : ["expired"];
  if (said.includes(body.state) && body.value === value) return { reply: ended };
  const phase = phaseOf(body, nowMs);
  if ((phase !== "held" && phase !== "unknown") || body.state === "settled") return { reply: lost(body, nowMs) };
  if (outcome === "rejected") return expire(record, nowMs, { reason: value, lease }, kept);
  return { ...settle(record, nowMs, { receipt: value }, kept), reply: ended };
}

/**
 * Frees the key at once. A tombstone stays until the retention ends, or for ten seconds, so that fences go on rising
 * and refusals count. An owed payment stays owed: only its lease ends.
 */
export function release(
  record: StoredRecord | null,
  nowMs: number,
  request: { lease: Lease; refused?: boolean | undefined; forget?: boolean | undefined },
  kept: StoredRecord | null = null,
): Transition<LeaseResult> {
  const body = readBody(record);
  if (record === null || body === null || !isLastHolder(body, request.lease)) return { reply: lost(body, nowMs) };
  if (body.state === "released") return { reply: ended };
  if (phaseOf(body, nowMs) !== "held") return { reply: lost(body, nowMs) };
  if (body.state === "settled") return { write: recordOf({ ...body, leaseUntilMs: nowMs }, nowMs), reply: ended };
  const { evidence: _, payment, ...rest } = body;
  const refusals = (payment?.refusals ?? 0) + (request.refused === true ? 1 : 0);
  // Its names stay: a receipt that comes late is for the last claimant.
  const counting = payment !== undefined || refusals > 0 ? { payment: { payload: "", ...payment, refusals } } : {};
  const forgotten = request.forget === true && counting.payment === undefined;
  const retained = Math.max(body.retainUntilMs, nowMs + RETENTION_FLOOR_MS);
  const retainUntilMs = forgotten ? nowMs + TOMBSTONE_MS : retained;
  const write = recordOf({ ...rest, ...counting, state: "released", retainUntilMs }, nowMs);
  return { write, ...(kept !== null && { writeKept: null }), reply: ended };
}

/**
 * Bars the key until it is reconciled. The last holder may mark it late too, as long as no other took over: its attempt
 * may have moved money, whatever its lease said.
 */
export function markUnknown(
  record: StoredRecord | null,
  nowMs: number,
  request: { lease: Lease; evidence: string | undefined },
): Transition<LeaseResult> {
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
