// Transition: replaces a session's data, if its version is still the expected one.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { requireRoom } from "../quota-bounds.ts";
import { type SessionState, sessionRecord, sessionState } from "../session-state.ts";

export interface UpdateArguments {
  readonly payload: string;
  readonly ifVersion: number;
  /** For data and quotas together. */
  readonly maxValueBytes: number;
}

export type UpdateReply =
  | { status: "ok"; session: SessionState }
  | { status: "conflict"; session: SessionState }
  | { status: "missing" };

/**
 * Records: session. Moves no expiry. Keeps all but data and version. Throws STORE_VALUE_TOO_LARGE where the data has no
 * room beside the session's quotas.
 */
export function updateSession(
  [found = null]: readonly (StoredRecord | null)[],
  _nowMs: number,
  change: UpdateArguments,
): Step<UpdateReply> {
  const before = sessionState(found);
  if (before === null) return { reply: { status: "missing" } };
  if (before.version !== change.ifVersion) return { reply: { status: "conflict", session: before } };
  if (before.quotas !== undefined) requireRoom(change.payload, before.quotas, change.maxValueBytes);
  const session: SessionState = { ...before, version: before.version + 1, payload: change.payload };
  return { writes: [sessionRecord(session)], reply: { status: "ok", session } };
}
