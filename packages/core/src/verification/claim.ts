// The transitions behind claim() and reconcile(): which caller may do the work, and what the others are told.
import type { StoredRecord } from "../atomic-port.ts";
import { boundTo, givenBack, isOther, rebound } from "./binding.ts";
import {
  nextFence,
  type PaymentBody,
  phaseOf,
  REMEMBERED_FOR_MS,
  RETENTION_FLOOR_MS,
  readBody,
  recordOf,
  rememberedUntil,
  retention,
  type Transition,
  type VerificationBody,
} from "./verification-record.ts";
import { keptIn, leaseOf, view } from "./verification-replies.ts";
import type { Claim, LeaseExpiry, PaymentClaim } from "./verification-store.ts";

export interface ClaimRequest {
  token: string;
  /** SHA-256 of the caller's fingerprint. */
  fingerprint: string;
  leaseMs: number;
  onLeaseExpiry: LeaseExpiry;
  retainUntilMs: number;
  /** SHA-256 of each. */
  payment?: PaymentClaim | undefined;
}

/**
 * Absent or lapsed: claimed. Held by the same token: resumed. Owed: settled, with a lease to deliver under. A claim
 * with another fingerprint, collector or, once settled, payload is answered "mismatch" before all else.
 */
export function claim(
  record: StoredRecord | null,
  nowMs: number,
  request: ClaimRequest,
  kept: StoredRecord | null = null,
): Transition<Claim> {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (record === null || body === null || phase === "absent") {
    const before = body?.state === "released" && body.payment ? givenBack(body.payment) : undefined;
    const payment = request.payment && boundTo(request.payment, before);
    const fresh = leased(body, nowMs, request, 1, askedFor(request, nowMs), payment);
    const reply: Claim = { status: "claimed", lease: leaseOf(fresh, nowMs), via: "fresh", ...refused(fresh) };
    return { write: recordOf(fresh, nowMs), ...(kept !== null && { writeKept: null }), reply };
  }
  if (isOther(body, request)) return { reply: { status: "mismatch" } };
  if (phase === "held" && body.token === request.token) {
    if (body.state === "settled") return { reply: owed(body, nowMs, kept) };
    return { reply: { status: "claimed", lease: leaseOf(body, nowMs), via: "resume", ...refused(body) } };
  }
  if (phase === "settled") {
    const payment = boundTo(request.payment, body.payment);
    const held = takenOver(body, nowMs, request);
    const asked = request.payment ? rememberedUntil(request.retainUntilMs, nowMs) : 0;
    const retainUntilMs = Math.max(held.retainUntilMs, asked);
    const next: VerificationBody = { ...body, ...held, retainUntilMs, payment };
    return { write: recordOf(next, nowMs), reply: owed(next, nowMs, kept) };
  }
  if (phase === "delivered") return { reply: { status: phase, receipt: body.value ?? "", ...keptIn(kept) } };
  if (phase !== "lapsed") return { reply: view(body, phase, record.endsAtMs, nowMs) };
  const payment = request.payment ? rebound(request.payment, body.payment) : body.payment;
  const asked = request.payment ? askedFor(request, nowMs) : 0;
  const next = leased(body, nowMs, request, body.attempt + 1, asked, payment);
  const reply: Claim = { status: "claimed", lease: leaseOf(next, nowMs), via: "takeover", ...refused(next) };
  // The previous holder's result may have been made for another payload.
  return { write: recordOf(next, nowMs), ...(kept !== null && { writeKept: null }), reply };
}

/** How long a claim asks the record to be kept. A payment is remembered a day longer than its payload is valid. */
function askedFor({ retainUntilMs, leaseMs, payment }: ClaimRequest, nowMs: number): number {
  return retention(retainUntilMs, nowMs + leaseMs, nowMs) + (payment === undefined ? 0 : REMEMBERED_FOR_MS);
}

function refused(body: VerificationBody): { refusals?: number } {
  const refusals = body.payment?.refusals ?? 0;
  return refusals > 0 ? { refusals } : {};
}

function owed(body: VerificationBody, nowMs: number, kept: StoredRecord | null): Claim {
  return { status: "settled", receipt: body.value ?? "", lease: leaseOf(body, nowMs), ...keptIn(kept) };
}

/** What a new lease changes. */
function takenOver(
  before: VerificationBody,
  nowMs: number,
  { token, fingerprint, leaseMs }: { token: string; fingerprint: string; leaseMs: number },
): Pick<VerificationBody, "fence" | "attempt" | "token" | "fingerprint" | "leaseUntilMs" | "retainUntilMs"> {
  const leaseUntilMs = nowMs + leaseMs;
  const retainUntilMs = Math.max(before.retainUntilMs, leaseUntilMs + RETENTION_FLOOR_MS);
  const { attempt } = before;
  return { fence: nextFence(before, nowMs), attempt: attempt + 1, token, fingerprint, leaseUntilMs, retainUntilMs };
}

/**
 * A record held by a new lease. A takeover keeps the evidence of the previous attempt; a fresh claim starts without.
 */
function leased(
  before: VerificationBody | null,
  nowMs: number,
  request: Omit<ClaimRequest, "retainUntilMs" | "payment">,
  attempt: number,
  retainUntilMs = 0,
  payment: PaymentBody | undefined = undefined,
): VerificationBody {
  const leaseUntilMs = nowMs + request.leaseMs;
  const evidence = attempt > 1 ? before?.evidence : undefined;
  return {
    state: "in-progress",
    fence: nextFence(before, nowMs),
    attempt,
    token: request.token,
    fingerprint: request.fingerprint,
    leaseUntilMs,
    onLeaseExpiry: request.onLeaseExpiry,
    retainUntilMs: Math.max(retainUntilMs, before?.retainUntilMs ?? 0, leaseUntilMs + RETENTION_FLOOR_MS),
    ...(evidence !== undefined && { evidence }),
    ...(payment !== undefined && { payment }),
  };
}

/**
 * The transition behind reconcile(): a lease over an unknown record; when it expires, the record is unknown again.
 * Where nothing is unknown: the record's status, or in-progress with retryAfterMs 0 where claim decides.
 */
export function reconcile(
  record: StoredRecord | null,
  nowMs: number,
  request: { token: string; leaseMs: number },
): Transition<Claim> {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (record === null || body === null || phase === "absent") {
    return { reply: { status: "in-progress", retryAfterMs: 0 } };
  }
  if (phase === "held" && body.state !== "settled" && body.token === request.token) {
    return { reply: { status: "claimed", lease: leaseOf(body, nowMs), via: "resume", ...found(body) } };
  }
  if (phase !== "unknown") return { reply: view(body, phase, record.endsAtMs, nowMs) };
  const { fingerprint, payment } = body;
  const asked = { ...request, fingerprint, onLeaseExpiry: "unknown" } as const;
  // Since when it is in doubt, and not since when it was last looked into.
  const unknownAtMs = body.unknownAtMs ?? body.leaseUntilMs;
  const next = { ...leased(body, nowMs, asked, body.attempt + 1, 0, payment), unknownAtMs };
  return {
    write: recordOf(next, nowMs),
    reply: { status: "claimed", lease: leaseOf(next, nowMs), via: "takeover", ...found(next) },
  };
}

/** What earlier attempts left for the caller that reconciles. */
function found({ evidence, payment }: VerificationBody): { evidence?: string; reference?: string } {
  const reference = payment?.reference;
  return { ...(evidence !== undefined && { evidence }), ...(reference !== undefined && { reference }) };
}
