// Transition: creates a session where there is none.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { type SessionState, type SessionSubject, sessionRecord, sessionState } from "../session-state.ts";
import { recordWithMember } from "../subject-index.ts";

/** A session to be created, complete but for the instant. At least one of the two TTLs is given. */
export interface SessionDraft {
  readonly version: number;
  readonly payload: string;
  readonly idleTtlMs?: number | undefined;
  readonly absoluteTtlMs?: number | undefined;
}

export interface CreateArguments extends SessionDraft {
  /** The session's hash: its name in the index. */
  readonly hash: string;
  readonly quotas?: ReadonlyMap<string, bigint> | undefined;
  readonly subject?: SessionSubject | undefined;
}

export type CreateReply = { status: "ok"; session: SessionState } | { status: "exists" };

/** Records: session, subject index. An existing session stays as it is. */
export function createSession(
  [found = null, index = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  draft: CreateArguments,
): Step<CreateReply> {
  if (sessionState(found) !== null) return { reply: { status: "exists" } };
  const session = createdSession(draft, nowMs);
  const { subject, expiresAtMs } = session;
  return {
    writes: [
      sessionRecord(session),
      subject && recordWithMember(index, nowMs, { subjectHash: subject.hash, hash: draft.hash, endsAtMs: expiresAtMs }),
    ],
    reply: { status: "ok", session },
  };
}

/** The session that a draft becomes at this instant. */
export function createdSession(draft: CreateArguments, nowMs: number): SessionState {
  return {
    ...begun(draft, nowMs),
    expiresAtMs: firstExpiry(draft, nowMs),
    quotas: draft.quotas,
    subject: draft.subject,
  };
}

/** The fields with which every new session starts. */
export function begun(draft: SessionDraft, nowMs: number): Omit<SessionState, "expiresAtMs"> {
  return {
    version: draft.version,
    createdAtMs: nowMs,
    idleTtlMs: draft.idleTtlMs,
    absoluteExpiresAtMs: draft.absoluteTtlMs === undefined ? undefined : nowMs + draft.absoluteTtlMs,
    payload: draft.payload,
  };
}

/** The end of the shorter TTL. */
export function firstExpiry(draft: SessionDraft, nowMs: number): number {
  return nowMs + Math.min(draft.idleTtlMs ?? Number.POSITIVE_INFINITY, draft.absoluteTtlMs ?? Number.POSITIVE_INFINITY);
}
