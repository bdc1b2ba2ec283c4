// All sessions of one subject: found through the index of its tag, then read or deleted.
import type { CallOptions } from "../call-options.ts";
import { StoreError } from "../errors.ts";
import type { StoreRuntime } from "../store-runtime.ts";
import type { SessionCatalog } from "./catalog.ts";
import { type SessionKeys, type SessionPlace, tagLength } from "./session-id.ts";
import { type SessionState, sessionState } from "./session-state.ts";
import { deleteSubjectSessions } from "./transitions/delete-subject-sessions.ts";
import { listSubjectSessions } from "./transitions/list-subject-sessions.ts";

/** How often deleteBySubject reads the index again while new sessions keep coming. */
const mostRounds = 100;
/** How many records one step reads. */
const pageSize = 64;

type Transact = StoreRuntime<SessionCatalog>["transact"];

/** A session found through the index. Its id is not known. */
export interface FoundSession {
  place: Pick<SessionPlace, "tag" | "hash">;
  session: SessionState;
}

/** The live sessions of the subject with this pseudonym, each as it was at some instant of the call. */
export async function sessionsOfSubject(
  transact: Transact,
  keys: SessionKeys,
  subjectHash: string,
  options: CallOptions | undefined,
): Promise<FoundSession[]> {
  const tag = subjectHash.slice(0, tagLength);
  const members = await membersOf(transact, keys, subjectHash, options);
  const found: FoundSession[] = [];
  for (let start = 0; start < members.length; start += pageSize) {
    const page = members.slice(start, start + pageSize);
    const states = await transact(
      page.map((hash) => keys.session({ tag, hash })),
      (records) => ({ reply: records.map(sessionState) }),
      options,
    );
    states.forEach((session, index) => {
      const hash = page[index];
      if (hash !== undefined && session?.subject?.hash === subjectHash) found.push({ place: { tag, hash }, session });
    });
  }
  return found;
}

/**
 * Deletes them, and answers how many. The index and the sessions change in one step. The step does nothing where a
 * session joined since the index was read; then the index is read again.
 */
export async function deleteSessionsOfSubject(
  transact: Transact,
  keys: SessionKeys,
  subjectHash: string,
  exceptHash: string | undefined,
  options: CallOptions | undefined,
): Promise<number> {
  const tag = subjectHash.slice(0, tagLength);
  for (let round = 0; round < mostRounds; round += 1) {
    options?.signal?.throwIfAborted();
    const members = await membersOf(transact, keys, subjectHash, options);
    const listed = members.filter((hash) => hash !== exceptHash);
    if (listed.length === 0) return 0;
    const reply = await transact(
      [keys.index({ tag }), ...listed.map((hash) => keys.session({ tag, hash }))],
      (records, nowMs) => deleteSubjectSessions(records, nowMs, { subjectHash, listed, exceptHash }),
      options,
    );
    if (reply.status === "ok") return reply.deleted;
  }
  throw new StoreError(
    "STORE_UNAVAILABLE",
    "deleteBySubject kept finding new sessions of the subject; stop creating them for it, then call it again.",
    { outcome: "unknown" },
  );
}

function membersOf(
  transact: Transact,
  keys: SessionKeys,
  subjectHash: string,
  options: CallOptions | undefined,
): Promise<string[]> {
  return transact(
    [keys.index({ tag: subjectHash.slice(0, tagLength) })],
    (records, nowMs) => listSubjectSessions(records, nowMs, subjectHash),
    options,
  );
}
