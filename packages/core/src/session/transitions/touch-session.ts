// Transition: extends a session because it is used.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { extendedOperations } from "../applied-operations.ts";
import { type SessionState, sessionRecord, sessionState } from "../session-state.ts";
import { recordWithMember } from "../subject-index.ts";

export interface TouchArguments {
  /** The session's hash: its name in the index. */
  readonly hash: string;
}

/**
 * Records: session, operations, subject index. Extends to now + idle TTL, never past the absolute deadline, never
 * backwards. Data and version stay. Answers the session as it is now; null without one.
 */
export function touchAndGetSession(
  [found = null, operations = null, index = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  { hash }: TouchArguments,
): Step<SessionState | null> {
  const before = sessionState(found);
  if (before === null) return { reply: null };
  const expiresAtMs = touchedExpiry(before, nowMs);
  if (expiresAtMs === before.expiresAtMs) return { reply: before };
  const session: SessionState = { ...before, expiresAtMs };
  return {
    writes: [
      sessionRecord(session),
      extendedOperations(operations, expiresAtMs),
      session.subject &&
        recordWithMember(index, nowMs, { subjectHash: session.subject.hash, hash, endsAtMs: expiresAtMs }),
    ],
    reply: session,
  };
}

/** The same, for callers that need only the end. Null without a session. */
export function touchSession(
  records: readonly (StoredRecord | null)[],
  nowMs: number,
  request: TouchArguments,
): Step<number | null> {
  const step = touchAndGetSession(records, nowMs, request);
  return { ...step, reply: step.reply?.expiresAtMs ?? null };
}

function touchedExpiry(session: SessionState, nowMs: number): number {
  if (session.idleTtlMs === undefined) return session.expiresAtMs;
  const idleEndMs = nowMs + session.idleTtlMs;
  return Math.max(session.expiresAtMs, Math.min(idleEndMs, session.absoluteExpiresAtMs ?? idleEndMs));
}
