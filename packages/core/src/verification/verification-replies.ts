// What the transitions of this folder answer: a lease as it stands, a record as others see it, and what was lost.
import type { StoredRecord } from "../atomic-port.ts";
import { type Phase, phaseOf, type VerificationBody } from "./verification-record.ts";
import type { Ended, Lease, Look } from "./verification-store.ts";

export const ended: Ended = { status: "ok" };

export function lost(body: VerificationBody | null, nowMs: number): Extract<Ended, { status: "lost" }> {
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

/** What one who does not hold the record is told of it. `endsAtMs` is the record's retention. */
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

/** The record of a result that is kept beside a payment. */
export function keptRecord(text: string, endsAtMs: number): StoredRecord {
  return { endsAtMs, body: { text } };
}

/** The result that is kept beside a payment. What cannot be read is not kept: a receipt does not wait for it. */
export function readKept(record: StoredRecord | null): string | undefined {
  const body = record?.body;
  const text = typeof body === "object" && body !== null && "text" in body ? body.text : undefined;
  return typeof text === "string" ? text : undefined;
}

/** True of such a record. It never outlives the payment's own, so one that has room for that has room for this. */
export function isKeptRecord({ body }: StoredRecord): boolean {
  return typeof body === "object" && body !== null && "text" in body;
}

/** For a reply: what is kept, or nothing. */
export function keptIn(record: StoredRecord | null): { kept?: string } {
  const kept = readKept(record);
  return kept === undefined ? {} : { kept };
}
