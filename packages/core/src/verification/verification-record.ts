// The stored form of one verification, and what it means at an instant. Shared by all transitions of this folder.
import type { StoredRecord } from "../atomic-port.ts";
import { invalidArgument, StoreError } from "../errors.ts";
import type { Lease, LeaseExpiry } from "./verification-store.ts";

/** A record is kept at least ten minutes after the lease that it was made with. */
export const RETENTION_FLOOR_MS = 600_000;
/** No caller may ask for a longer retention than 31 days. */
export const RETENTION_CEILING_MS = 2_678_400_000;
/** A payment is remembered a day longer than it is valid: no verifier accepts it by then. */
export const REMEMBERED_FOR_MS = 86_400_000;
/** The longest lease: with the floor after it, it still ends within the ceiling. */
export const MAX_LEASE_MS: number = RETENTION_CEILING_MS - RETENTION_FLOOR_MS;

/** The fields of a payment's record alone. */
export interface PaymentBody {
  /** SHA-256 of the accepted payload's name, and what it was priced by. Empty: none is known, and the next claim binds one. */
  readonly payload: string;
  /** SHA-256 of the payer's secret. */
  readonly collector?: string;
  /** Refused settlements so far. */
  readonly refusals: number;
  readonly reference?: string;
  /** When the receipt was recorded: Unix epoch milliseconds. The receipt is the body's `value`. */
  readonly settledAtMs?: number;
  /** The token of the delivery. */
  readonly deliveredBy?: string;
  /** Tokens of the latest deliveries that were taken back or came second. Late copies of them deliver nothing. */
  readonly undone?: readonly string[];
}

/** The stored form. `released` is a tombstone: no lease is held, but fences and refusals go on counting. */
export interface VerificationBody {
  readonly state:
    | "in-progress"
    | "unknown"
    | "accepted"
    | "rejected"
    | "released"
    | "settled"
    | "delivered"
    | "expired";
  /** The last fence issued: the server's microseconds, or one more than the fence before, whichever is larger. */
  readonly fence: number;
  readonly attempt: number;
  /** Of the last holder. */
  readonly token: string;
  /** SHA-256 of the claim's fingerprint. Empty: a receipt came before any claim, and the next claim binds it. */
  readonly fingerprint: string;
  readonly leaseUntilMs: number;
  readonly onLeaseExpiry: LeaseExpiry;
  /** Until when the record was asked to be kept, raised to the floor. In doubt or owed it is kept longer. */
  readonly retainUntilMs: number;
  readonly evidence?: string;
  /** When it was declared unknown: Unix epoch milliseconds. */
  readonly unknownAtMs?: number;
  /** The result, a payment's receipt, or the reason of its expiry. */
  readonly value?: string;
  readonly valueUntilMs?: number;
  readonly payment?: PaymentBody;
}

/**
 * What a record is at an instant. "lapsed": its lease is over and nothing has moved, so any caller may take over. A
 * settled payment is "held" while a caller has the lease to deliver it.
 */
export type Phase = "absent" | "held" | "lapsed" | "unknown" | "done" | "spent" | "settled" | "delivered" | "expired";

/** A pure change of one record and of its kept result: undefined keeps, null deletes. */
export interface Transition<R> {
  write?: StoredRecord | null;
  writeKept?: StoredRecord | null;
  reply: R;
}

const states: ReadonlySet<unknown> = new Set<VerificationBody["state"]>([
  ...(["in-progress", "unknown", "accepted", "rejected", "released", "settled", "delivered", "expired"] as const),
]);
const withValue: ReadonlySet<unknown> = new Set<VerificationBody["state"]>([
  ...(["accepted", "rejected", "settled", "delivered", "expired"] as const),
]);

function isPayment(payment: unknown): payment is PaymentBody {
  if (typeof payment !== "object" || payment === null) return false;
  const p: Partial<Record<keyof PaymentBody, unknown>> = payment;
  return (
    typeof p.payload === "string" &&
    Number.isSafeInteger(p.refusals) &&
    optional(p.collector, "string") &&
    optional(p.reference, "string") &&
    optional(p.settledAtMs, "number") &&
    optional(p.deliveredBy, "string") &&
    (p.undone === undefined || (Array.isArray(p.undone) && p.undone.every((token) => typeof token === "string")))
  );
}

function optional(value: unknown, type: string): boolean {
  return value === undefined || typeof value === type;
}

function isBody(body: unknown): body is VerificationBody {
  if (typeof body !== "object" || body === null) return false;
  const b: Partial<Record<keyof VerificationBody, unknown>> = body;
  const settled = b.state === "settled" || b.state === "delivered";
  return (
    states.has(b.state) &&
    (!withValue.has(b.state) || typeof b.value === "string") &&
    (b.state !== "accepted" && b.state !== "rejected" ? true : Number.isSafeInteger(b.valueUntilMs)) &&
    Number.isSafeInteger(b.fence) &&
    Number.isSafeInteger(b.attempt) &&
    typeof b.token === "string" &&
    typeof b.fingerprint === "string" &&
    Number.isSafeInteger(b.leaseUntilMs) &&
    (b.onLeaseExpiry === "retry" || b.onLeaseExpiry === "unknown") &&
    Number.isSafeInteger(b.retainUntilMs) &&
    optional(b.evidence, "string") &&
    optional(b.unknownAtMs, "number") &&
    (b.payment === undefined ? !settled : isPayment(b.payment)) &&
    (!settled || (isPayment(b.payment) && Number.isSafeInteger(b.payment.settledAtMs)))
  );
}

/** The record's body, or null without a record. Throws STORE_CORRUPT, writing nothing, for a malformed body. */
export function readBody(record: StoredRecord | null): VerificationBody | null {
  if (record === null) return null;
  if (!isBody(record.body)) {
    throw new StoreError("STORE_CORRUPT", "A verification record cannot be read; it was kept as it is.");
  }
  return record.body;
}

export function phaseOf(body: VerificationBody | null, nowMs: number): Phase {
  if (body === null || body.state === "released") return "absent";
  switch (body.state) {
    case "unknown":
    case "delivered":
    case "expired":
      return body.state;
    case "in-progress":
      if (body.leaseUntilMs > nowMs) return "held";
      return body.onLeaseExpiry === "retry" ? "lapsed" : "unknown";
    case "settled":
      return body.leaseUntilMs > nowMs ? "held" : "settled";
    default:
      if ((body.valueUntilMs ?? 0) > nowMs) return "done";
      return body.state === "accepted" ? "spent" : "absent";
  }
}

/**
 * The record of a body. It ends with its retention, with these exceptions. A record in doubt, or one that would be if
 * its holder died now, and an expired one stay at least 31 days from now. An owed one stays at least 31 days from its
 * receipt. A rejection ends with its value, because nothing is left to protect.
 */
export function recordOf(body: VerificationBody, nowMs: number): StoredRecord {
  return { endsAtMs: endOf(body, nowMs), body };
}

function endOf(body: VerificationBody, nowMs: number): number {
  const { state, retainUntilMs } = body;
  const inDoubt = state === "unknown" || (state === "in-progress" && body.onLeaseExpiry === "unknown");
  if (inDoubt || state === "expired") return Math.max(retainUntilMs, nowMs + RETENTION_CEILING_MS);
  if (state === "settled") {
    return Math.max(retainUntilMs, (body.payment?.settledAtMs ?? nowMs) + RETENTION_CEILING_MS);
  }
  if (state === "rejected") return Math.min(retainUntilMs, body.valueUntilMs ?? retainUntilMs);
  return retainUntilMs;
}

/**
 * Whether a bounded memory may drop the record for a newer one. True only for a rejected verification, and for a record
 * that was released without a refusal: repeating these costs work and moves no money. False for a record that cannot be
 * read, and for all records that guard a payment, its refusals, its result and markers.
 */
export function isEvictableVerification({ body }: StoredRecord): boolean {
  if (!isBody(body)) return false;
  return body.state === "rejected" || (body.state === "released" && (body.payment?.refusals ?? 0) === 0);
}

/** True if `lease` is the last one issued. Only then may its holder end what it began. */
export function isLastHolder(body: VerificationBody, lease: Lease): boolean {
  return body.token === lease.token && String(body.fence) === lease.fence;
}

/** The next fence of a key: strictly rising, even across a release, an expiry, or a clock that stepped back. */
export function nextFence(body: VerificationBody | null, nowMs: number): number {
  return Math.max((body?.fence ?? 0) + 1, nowMs * 1000);
}

/**
 * When a record ends that is asked to be kept until `retainUntilMs`: at least ten minutes after `fromMs`. Throws
 * STORE_INVALID_ARGUMENT where `retainUntilMs` is more than 31 days ahead of the store's clock.
 */
export function retention(retainUntilMs: number, fromMs: number, nowMs: number): number {
  if (retainUntilMs > nowMs + RETENTION_CEILING_MS) throw retentionTooLong();
  return Math.max(retainUntilMs, fromMs + RETENTION_FLOOR_MS);
}

/** Until when a settled payment is remembered. It throws nothing: a longer validity is cut to 31 days. */
export function rememberedUntil(validUntilMs: number, nowMs: number): number {
  const asked = Math.max(validUntilMs, nowMs + RETENTION_FLOOR_MS);
  return Math.min(asked, nowMs + RETENTION_CEILING_MS) + REMEMBERED_FOR_MS;
}

/** The error for a retention above the ceiling. */
export function retentionTooLong(): StoreError {
  return invalidArgument(
    "retainUntilMs (of payOnce: validUntilMs) is more than 31 days ahead of the store's clock; refuse payments that are valid for so long.",
  );
}
