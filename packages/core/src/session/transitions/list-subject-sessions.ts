// Transition: lists a subject's live sessions. Nothing changes.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { membersOf, subjectIndex } from "../subject-index.ts";

/** Records: subject index. The hashes of the subject's live sessions. */
export function listSubjectSessions(
  [index = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  subjectHash: string,
): Step<string[]> {
  return { reply: membersOf(subjectIndex(index), subjectHash, nowMs) };
}
