// Transition: lists a subject's live sessions. Nothing changes.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { membersOf, subjectIndex } from "../subject-index.ts";

export interface ListSubjectArguments {
  readonly subjectHash: string;
  /** Where the page before ended. */
  readonly after?: string | undefined;
}

export interface SubjectPage {
  /** Hashes of live sessions. A session that was extended meanwhile may be on two pages. */
  readonly hashes: readonly string[];
  /** Where this page ends; undefined for the last one. */
  readonly next?: string | undefined;
}

/** Records: subject index. Here one page is all: only a backend that reads it from afar has more. */
export function listSubjectSessions(
  [index = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  { subjectHash }: ListSubjectArguments,
): Step<SubjectPage> {
  return { reply: { hashes: [...membersOf(subjectIndex(index), subjectHash, nowMs)] } };
}
