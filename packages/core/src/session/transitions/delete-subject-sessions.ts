// Transition: deletes listed sessions of a subject, and lists the next ones.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { indexRecord, isMember, membersOf, subjectIndex, withoutMembers } from "../subject-index.ts";

export interface DeleteSubjectArguments {
  readonly subjectHash: string;
  /** The hashes found before, in the order of the records. */
  readonly listed: readonly string[];
  /** The session that stays. */
  readonly exceptHash?: string | undefined;
  /** How many sessions to list next, at most. */
  readonly limit: number;
}

export interface DeleteSubjectReply {
  readonly deleted: number;
  /** Live sessions that the subject still has. Empty: at this instant it has none but the one that stays. */
  readonly next: readonly string[];
}

/**
 * Records: subject index, then the listed sessions. They are not decoded, so unreadable ones are deleted too. One that
 * has left the index meanwhile was deleted or rotated, and is not touched.
 */
export function deleteSubjectSessions(
  [found = null, ...sessions]: readonly (StoredRecord | null)[],
  nowMs: number,
  { subjectHash, listed, exceptHash, limit }: DeleteSubjectArguments,
): Step<DeleteSubjectReply> {
  const before = subjectIndex(found);
  const isListed = listed.map((hash) => isMember(before, subjectHash, hash));
  const index = withoutMembers(before, subjectHash, listed);
  const next: string[] = [];
  for (const hash of membersOf(index, subjectHash, nowMs)) {
    if (next.length === limit) break;
    if (hash !== exceptHash) next.push(hash);
  }
  const deleted = sessions.filter((session, at) => isListed[at] === true && session !== null).length;
  if (!isListed.includes(true)) return { reply: { deleted, next } };
  return {
    writes: [indexRecord(index, nowMs), ...isListed.map((listedNow) => (listedNow ? null : undefined))],
    reply: { deleted, next },
  };
}
