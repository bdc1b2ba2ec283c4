// All sessions of one subject: found through the index of its tag, then read or deleted.
import type { CallOptions } from "../call-options.ts";
import { isStoreError, StoreError } from "../errors.ts";
import type { StoreRuntime } from "../store-runtime.ts";
import type { SessionCatalog } from "./catalog.ts";
import { type SessionKeys, type SessionPlace, tagLength } from "./session-id.ts";
import type { SessionState } from "./session-state.ts";
import { deleteSubjectSessions } from "./transitions/delete-subject-sessions.ts";
import { getSession } from "./transitions/get-session.ts";
import { listSubjectSessions } from "./transitions/list-subject-sessions.ts";

/** How many sessions are read together. */
const readAtOnce = 64;
/** How many sessions one step deletes at most. */
const deletedAtOnce = 100;
/** How often deleteBySubject looks again for fewer sessions than that, while new ones keep coming. */
const mostRounds = 100;

type Apply = StoreRuntime<SessionCatalog>["apply"];

/** A session found through the index. Its id is not known. */
export interface FoundSession {
  place: Pick<SessionPlace, "tag" | "hash">;
  session: SessionState;
}

/** Subjects' sessions through one store's backend. */
export interface SubjectSessions {
  /**
   * Reads a subject's live sessions, some at each call, until `done`. `unreadable` is called for each one that cannot be
   * read.
   */
  reading(
    subjectHash: string,
    unreadable: () => void,
    options: CallOptions | undefined,
  ): () => Promise<{ found: FoundSession[]; done: boolean }>;
  /**
   * Deletes all of a subject's sessions but `exceptHash`, and answers how many. Each step deletes what the step before
   * found and is still in the index, and finds the next ones; index and sessions change together. It ends with a step that
   * finds none. So a failure between two steps leaves the rest to the next call.
   */
  deleteAll(subjectHash: string, exceptHash: string | undefined, options: CallOptions | undefined): Promise<number>;
}

export function subjectSessions(apply: Apply, keys: SessionKeys): SubjectSessions {
  const tagOf = (subjectHash: string) => subjectHash.slice(0, tagLength);
  return {
    reading(subjectHash, unreadable, options) {
      const tag = tagOf(subjectHash);
      const lookUp = async (hash: string): Promise<FoundSession | null> => {
        const place = { tag, hash };
        try {
          const session = await apply("session.get", [keys.session(place)], undefined, getSession, options);
          return session?.subject?.hash === subjectHash ? { place, session } : null;
        } catch (error) {
          if (!isStoreError(error, "STORE_CORRUPT")) throw error;
          unreadable();
          return null;
        }
      };
      // A session that is extended meanwhile may be on two pages of the index.
      const seen = new Set<string>();
      let waiting: string[] = [];
      let after: string | undefined;
      let ended = false;
      return async () => {
        if (waiting.length === 0) {
          const request = { subjectHash, after };
          const page = await apply("session.listSubject", [keys.index({ tag })], request, listSubjectSessions, options);
          waiting = page.hashes.filter((hash) => !seen.has(hash));
          for (const hash of waiting) seen.add(hash);
          after = page.next;
          ended = after === undefined;
        }
        const read = await Promise.all(waiting.splice(0, readAtOnce).map(lookUp));
        return { found: read.filter((session) => session !== null), done: ended && waiting.length === 0 };
      };
    },
    async deleteAll(subjectHash, exceptHash, options) {
      const tag = tagOf(subjectHash);
      let deleted = 0;
      let listed: readonly string[] = [];
      for (let rounds = 0; rounds <= mostRounds; ) {
        options?.signal?.throwIfAborted();
        const reply = await apply(
          "session.deleteSubject",
          [keys.index({ tag }), ...listed.map((hash) => keys.session({ tag, hash }))],
          { subjectHash, listed, exceptHash, limit: deletedAtOnce },
          deleteSubjectSessions,
          options,
        ).catch((error: unknown) => {
          throw deleted > 0 ? afterDeleting(error) : error;
        });
        deleted += reply.deleted;
        if (reply.next.length === 0) return deleted;
        if (listed.length < deletedAtOnce) rounds += 1;
        listed = reply.next;
      }
      throw new StoreError(
        "STORE_UNAVAILABLE",
        "deleteBySubject kept finding new sessions of the subject; stop creating them for it, then call it again.",
        { outcome: "unknown" },
      );
    },
  };
}

/** A step failed after others had deleted some: all of it may have taken effect. */
function afterDeleting(error: unknown): unknown {
  if (!isStoreError(error, "STORE_UNAVAILABLE") || error.outcome === "unknown") return error;
  const { message, cause } = error;
  return new StoreError("STORE_UNAVAILABLE", `${message} Some sessions were deleted; call it again for the rest.`, {
    outcome: "unknown",
    cause,
  });
}
