// Transition: ends a session before its time.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { sessionState } from "../session-state.ts";
import { recordWithoutMember } from "../subject-index.ts";

export interface DeleteArguments {
  readonly hash: string;
  readonly ifVersion?: number | undefined;
}

/** Records: session, subject index. True if there was one (of that version). Applied operations stay remembered. */
export function deleteSession(
  [found = null, index = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  { hash, ifVersion }: DeleteArguments,
): Step<boolean> {
  const session = sessionState(found);
  if (session === null || (ifVersion !== undefined && ifVersion !== session.version)) return { reply: false };
  return {
    writes: [null, session.subject && recordWithoutMember(index, nowMs, { subjectHash: session.subject.hash, hash })],
    reply: true,
  };
}
