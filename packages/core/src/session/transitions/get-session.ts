// Transition: reads a session. Nothing changes.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { type SessionState, sessionState } from "../session-state.ts";

/** Records: session. */
export function getSession([found = null]: readonly (StoredRecord | null)[]): Step<SessionState | null> {
  return { reply: sessionState(found) };
}

/** The transition of `SessionStore.getMany`. Each record is a session; null stands for one that is absent. */
export function getSessions(records: readonly (StoredRecord | null)[]): Step<(SessionState | null)[]> {
  return { reply: records.map(sessionState) };
}
