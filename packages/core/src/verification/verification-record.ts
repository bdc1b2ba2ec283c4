// What is stored of one verification, and what it means at an instant. Shared by all transitions of this folder.
import type { StoredRecord } from "../atomic-port.ts";
import { invalidArgument, StoreError } from "../errors.ts";
import type { Claim, Ended, Lease, LeaseExpiry } from "./verification-store.ts";

/** A record is kept at least this long after the lease it was made with. */
export const RETENTION_FLOOR_MS = 600_000;
/** No record may be asked to be kept longer than 31 days. */
export const RETENTION_CEILING_MS = 2_678_400_000;
/** The longest lease: with the floor after it, it still ends below the ceiling. */
export const MAX_LEASE_MS: number = RETENTION_CEILING_MS - RETENTION_FLOOR_MS;

/** The stored form. `released` is a tombstone: nothing is held, but fences go on rising. */
export interface VerificationBody {
  readonly state: "in-progress" | "unknown" | "accepted" | "rejected" | "released";
  /** The last one issued; server microseconds or one more than the one before, whichever is larger. */
  readonly fence: number;
  readonly attempt: number;
  /** Of the last holder. */
  readonly token: string;
  /** SHA-256 of what the claim was for. */
  readonly fingerprint: string;
  readonly leaseUntilMs: number;
  readonly onLeaseExpiry: LeaseExpiry;
  /** How long the record was asked to be kept, raised to the floor. What is in doubt is kept longer. */
  readonly retainUntilMs: number;
  readonly evidence?: string;
  /** When it was declared unknown. */
  readonly unknownAtMs?: number;
  readonly value?: string;
  readonly valueUntilMs?: number;
}

/** What a record is at an instant. "lapsed": its lease is over and, as nothing has moved, anyone may take over. */
export type Phase = "absent" | "held" | "lapsed" | "unknown" | "done" | "spent";

/** A pure change of one record: undefined keeps, null deletes. */
export interface Transition<R> {
  write?: StoredRecord | null;
  reply: R;
}

function isBody(body: unknown): body is VerificationBody {
  if (typeof body !== "object" || body === null) return false;
  const b: Partial<Record<keyof VerificationBody, unknown>> = body;
  const optional = (value: unknown, type: string) => value === undefined || typeof value === type;
  return (
    (b.state === "in-progress" ||
      b.state === "unknown" ||
      b.state === "released" ||
      ((b.state === "accepted" || b.state === "rejected") &&
        typeof b.value === "string" &&
        Number.isSafeInteger(b.valueUntilMs))) &&
    Number.isSafeInteger(b.fence) &&
    Number.isSafeInteger(b.attempt) &&
    typeof b.token === "string" &&
    typeof b.fingerprint === "string" &&
    Number.isSafeInteger(b.leaseUntilMs) &&
    (b.onLeaseExpiry === "retry" || b.onLeaseExpiry === "unknown") &&
    Number.isSafeInteger(b.retainUntilMs) &&
    optional(b.evidence, "string") &&
    optional(b.unknownAtMs, "number")
  );
}

/** The record's body, or null where there is none. Throws STORE_CORRUPT, and nothing is written, where it is not one. */
export function readBody(record: StoredRecord | null): VerificationBody | null {
  if (record === null) return null;
  if (!isBody(record.body)) {
    throw new StoreError("STORE_CORRUPT", "A verification record cannot be read; it was kept as it is.");
  }
  return record.body;
}

export function phaseOf(body: VerificationBody | null, nowMs: number): Phase {
  if (body === null || body.state === "released") return "absent";
  if (body.state === "unknown") return "unknown";
  if (body.state === "in-progress") {
    if (body.leaseUntilMs > nowMs) return "held";
    return body.onLeaseExpiry === "retry" ? "lapsed" : "unknown";
  }
  if ((body.valueUntilMs ?? 0) > nowMs) return "done";
  return body.state === "accepted" ? "spent" : "absent";
}

/**
 * The record of a body. It ends with its retention; but what is unknown, or would be if its holder died now, is not
 * forgotten before the ceiling: somebody has to find out first.
 */
export function recordOf(body: VerificationBody, nowMs: number): StoredRecord {
  const inDoubt = body.state === "unknown" || (body.state === "in-progress" && body.onLeaseExpiry === "unknown");
  const { retainUntilMs } = body;
  return { endsAtMs: inDoubt ? Math.max(retainUntilMs, nowMs + RETENTION_CEILING_MS) : retainUntilMs, body };
}

/** True if `lease` is the last one that was issued: then, and only then, its holder may end what it began. */
export function isLastHolder(body: VerificationBody, lease: Lease): boolean {
  return body.token === lease.token && String(body.fence) === lease.fence;
}

export const ended: Ended = { status: "ok" };

export function lost(body: VerificationBody | null, nowMs: number): Ended {
  const phase = phaseOf(body, nowMs);
  return { status: "lost", current: phase === "held" || phase === "lapsed" ? "in-progress" : phase };
}

/** The next fence of a key: strictly rising, also across a release, an expiry, or a clock that stepped back. */
export function nextFence(body: VerificationBody | null, nowMs: number): number {
  return Math.max((body?.fence ?? 0) + 1, nowMs * 1000);
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

/** What someone who does not hold the record is told of it. `endsAtMs` is the record's retention. */
export function view(
  body: VerificationBody,
  phase: Exclude<Phase, "absent">,
  endsAtMs: number,
  nowMs: number,
): Exclude<Claim, { status: "claimed" | "mismatch" }> {
  switch (phase) {
    case "held":
      return { status: "in-progress", retryAfterMs: body.leaseUntilMs - nowMs };
    case "lapsed":
      return { status: "in-progress", retryAfterMs: 0 };
    case "unknown":
      return { status: "unknown", ...(body.evidence !== undefined && { evidence: body.evidence }) };
    case "spent":
      return { status: "spent" };
    case "done":
      return {
        status: "done",
        outcome: body.state === "accepted" ? "accepted" : "rejected",
        value: body.value ?? "",
        expiresInMs: Math.min(body.valueUntilMs ?? endsAtMs, endsAtMs) - nowMs,
      };
  }
}

/**
 * When a record that is asked to be kept until `retainUntilMs` ends: at least the floor after `fromMs`. Throws
 * STORE_INVALID_ARGUMENT where that is more than the ceiling ahead of the store's clock.
 */
export function retention(retainUntilMs: number, fromMs: number, nowMs: number): number {
  if (retainUntilMs > nowMs + RETENTION_CEILING_MS) throw retentionTooLong();
  return Math.max(retainUntilMs, fromMs + RETENTION_FLOOR_MS);
}

/** What a retention above the ceiling throws. */
export function retentionTooLong(): StoreError {
  return invalidArgument(
    "retainUntilMs is more than 31 days ahead of the store's clock; refuse payments that are valid for so long.",
  );
}
