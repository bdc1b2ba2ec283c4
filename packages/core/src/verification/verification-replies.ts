// The answers of this folder's transitions: a lease as it stands, a record as other callers see it, and a lost lease.
import type { StoredRecord } from "../atomic-port.ts";
import { type Phase, phaseOf, type VerificationBody } from "./verification-record.ts";
import type { Lease, LeaseResult, Look } from "./verification-store.ts";

export const ended: LeaseResult = { status: "ok" };

export function lost(body: VerificationBody | null, nowMs: number): Extract<LeaseResult, { status: "lost" }> {
  const phase = phaseOf(body, nowMs);
  return { status: "lost", current: phase === "held" || phase === "lapsed" ? "in-progress" : phase };
}

/** A holder's lease as it stands now. */
export function leaseOf(body: VerificationBody, nowMs: number): Lease {
  return {
    token: body.token,
    fence: String(body.fence),
    ttlMs: body.leaseUntilMs - nowMs,
    attempt: body.attempt,
  };
}

/** What a caller without the lease is told of the record. `endsAtMs` is the record's retention. */
export function view(
  body: VerificationBody,
  phase: Exclude<Phase, "absent">,
  endsAtMs: number,
  nowMs: number,
): Exclude<Look, { status: "absent" }> {
  switch (phase) {
    case "held":
      return { status: "in-progress", retryAfterMs: body.leaseUntilMs - nowMs };
    case "lapsed":
      return { status: "in-progress", retryAfterMs: 0 };
    case "unknown":
      return { status: "unknown", ...(body.evidence !== undefined && { evidence: body.evidence }) };
    case "spent":
      return { status: "spent" };
    case "settled":
    case "delivered":
      return { status: phase, receipt: body.value ?? "" };
    case "expired":
      return { status: "expired", reason: body.value ?? "" };
    case "done":
      return {
        status: "done",
        outcome: body.state === "accepted" ? "accepted" : "rejected",
        value: body.value ?? "",
        expiresInMs: Math.min(body.valueUntilMs ?? endsAtMs, endsAtMs) - nowMs,
      };
  }
}

/** The record of a payment's kept result. */
export function keptRecord(text: string, endsAtMs: number): StoredRecord {
  return { endsAtMs, body: { text } };
}

/** The kept result. One that cannot be read counts as not kept, because a receipt must not wait for it. */
export function readKept(record: StoredRecord | null): string | undefined {
  const body = record?.body;
  const text = typeof body === "object" && body !== null && "text" in body ? body.text : undefined;
  return typeof text === "string" ? text : undefined;
}

/**
 * True for the record of a kept result. It never outlives the payment's own record, so a store with room for that
 * record has room for this one.
 */
export function isKeptRecord({ body }: StoredRecord): boolean {
  return typeof body === "object" && body !== null && "text" in body;
}

/** The kept result as a part of a reply. */
export function keptIn(record: StoredRecord | null): { kept?: string } {
  const kept = readKept(record);
  return kept === undefined ? {} : { kept };
}
