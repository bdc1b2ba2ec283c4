// The transition behind claim(): who may do the work, and what everyone else is told.
import type { StoredRecord } from "../atomic-port.ts";
import {
  leaseOf,
  nextFence,
  phaseOf,
  RETENTION_FLOOR_MS,
  readBody,
  recordOf,
  retention,
  type Transition,
  type VerificationBody,
  view,
} from "./verification-record.ts";
import type { Claim, LeaseExpiry } from "./verification-store.ts";

export interface ClaimRequest {
  token: string;
  /** SHA-256 of the caller's fingerprint. */
  fingerprint: string;
  leaseMs: number;
  onLeaseExpiry: LeaseExpiry;
  retainUntilMs: number;
}

/** Absent or lapsed: claimed. Held by the same token: resumed. A different fingerprint is told so before all else. */
export function claim(record: StoredRecord | null, nowMs: number, request: ClaimRequest): Transition<Claim> {
  const body = readBody(record);
  const phase = phaseOf(body, nowMs);
  if (record === null || body === null || phase === "absent") {
    const asked = retention(request.retainUntilMs, nowMs + request.leaseMs, nowMs);
    const fresh = leased(body, nowMs, request, 1, asked);
    return {
      write: recordOf(fresh, nowMs),
      reply: { status: "claimed", lease: leaseOf(fresh, nowMs), via: "fresh" },
    };
  }
  if (body.fingerprint !== request.fingerprint) return { reply: { status: "mismatch" } };
  if (phase === "held" && body.token === request.token) {
    return { reply: { status: "claimed", lease: leaseOf(body, nowMs), via: "resume" } };
  }
  if (phase !== "lapsed") return { reply: view(body, phase, record.endsAtMs, nowMs) };
  const next = leased(body, nowMs, request, body.attempt + 1);
  return {
    write: recordOf(next, nowMs),
    reply: { status: "claimed", lease: leaseOf(next, nowMs), via: "takeover" },
  };
}

/** A record held by a new lease. Evidence of an attempt that is being taken over stays; a finished one's does not. */
function leased(
  before: VerificationBody | null,
  nowMs: number,
  request: Omit<ClaimRequest, "retainUntilMs">,
  attempt: number,
  retainUntilMs = 0,
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
  };
}

/**
 * The transition behind reconcile(): a lease over an unknown record, whose expiry means unknown again. Where nothing is
 * unknown: what the record is, or in-progress with retryAfterMs 0 where claim decides.
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
  if (phase === "held" && body.token === request.token) {
    return { reply: { status: "claimed", lease: leaseOf(body, nowMs), via: "resume" } };
  }
  if (phase !== "unknown") return { reply: view(body, phase, record.endsAtMs, nowMs) };
  const { fingerprint } = body;
  const next = leased(body, nowMs, { ...request, fingerprint, onLeaseExpiry: "unknown" }, body.attempt + 1);
  return {
    write: recordOf(next, nowMs),
    reply: { status: "claimed", lease: leaseOf(next, nowMs), via: "takeover" },
  };
}
