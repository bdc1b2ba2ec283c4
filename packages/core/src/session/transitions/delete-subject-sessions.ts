// Transition: deletes the sessions of a subject that were found in its index, all of them or none.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { indexRecord, membersOf, subjectIndex } from "../subject-index.ts";

export interface DeleteSubjectArguments {
  readonly subjectHash: string;
  /** The hashes found, in the order of the records. */
  readonly listed: readonly string[];
  /** The session that stays. */
  readonly exceptHash?: string | undefined;
}

/** "again": the subject has a session that was not listed; nothing was deleted. */
export type DeleteSubjectReply = { status: "ok"; deleted: number } | { status: "again" };

/** Records: subject index, then the listed sessions. They are not decoded, so unreadable ones are deleted too. */
export function deleteSubjectSessions(
  [found = null, ...sessions]: readonly (StoredRecord | null)[],
  nowMs: number,
  { subjectHash, listed, exceptHash }: DeleteSubjectArguments,
): Step<DeleteSubjectReply> {
  const index = subjectIndex(found);
  const known = new Set(listed);
  if (exceptHash !== undefined) known.add(exceptHash);
  if (membersOf(index, subjectHash, nowMs).some((hash) => !known.has(hash))) return { reply: { status: "again" } };
  for (const hash of listed) index.delete(hash);
  return {
    writes: [indexRecord(index, nowMs), ...sessions.map(() => null)],
    reply: { status: "ok", deleted: sessions.filter((session) => session !== null).length },
  };
}
