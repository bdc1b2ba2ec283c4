// Transition: moves a session to a new id. The old id is dead at once.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { invalidArgument, type StoreError } from "../../errors.ts";
import { type SessionState, sessionRecord, sessionState } from "../session-state.ts";
import { indexRecord, type SubjectIndex, subjectIndex, withMember, withoutMembers } from "../subject-index.ts";

export interface RotateArguments {
  readonly hash: string;
  readonly successorHash: string;
  /** The texts under the new id, because an encrypting codec binds them to it. */
  reencode(session: SessionState): Pick<SessionState, "payload" | "subject">;
}

/**
 * Records: old session, new session, subject index. Data, version, quotas, deadlines and subject stay. The applied
 * operations are found under the new id too, since it has the same lineage.
 *
 * A session that already lives under the new id stays, and the call is refused. The exception is a copy of the session
 * itself, as a rotation leaves it that was cut off between two writes (Keyv): it is written anew.
 */
export function rotateSession(
  [found = null, taken = null, index = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  { hash, successorHash, reencode }: RotateArguments,
): Step<SessionState | null> {
  const before = sessionState(found);
  if (before === null) return { reply: null };
  const other = sessionState(taken);
  const isCopy = other?.version === before.version && other.createdAtMs === before.createdAtMs;
  if (other !== null && !isCopy) {
    throw successorTaken();
  }
  const session: SessionState = { ...before, ...reencode(before) };
  const { subject, expiresAtMs } = session;
  const moved = (members: SubjectIndex, subjectHash: string) =>
    withMember(withoutMembers(members, subjectHash, [hash]), subjectHash, successorHash, expiresAtMs);
  return {
    writes: [null, sessionRecord(session), subject && indexRecord(moved(subjectIndex(index), subject.hash), nowMs)],
    reply: session,
  };
}

/** The error for an id under which another session lives. */
export function successorTaken(): StoreError {
  return invalidArgument("Another session lives under newId; take a new one from newId({ replaces: id }).");
}
