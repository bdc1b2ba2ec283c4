// Turns a stored session into what a caller gets: a copy that shares nothing with the store.
import { isStoreError, StoreError } from "../errors.ts";
import { handleOf, type SessionPlace } from "./session-id.ts";
import type { SessionState } from "./session-state.ts";
import type { ListedSession, SessionRecord } from "./session-store.ts";
import type { SessionValues } from "./session-values.ts";

/** All of a session but its id, which is not stored. `key` is the record key that binds its texts. */
export function describedSession<T>(
  values: SessionValues,
  key: string,
  session: SessionState,
): Omit<SessionRecord<T>, "id"> {
  const { version, createdAtMs, expiresAtMs, idleTtlMs, absoluteExpiresAtMs, quotas, payload, subject } = session;
  // The caller chooses T, and nothing can check it: it is the type of what this store's callers put in.
  const data = values.decode(payload, key) as T;
  // On the hot path: assigned one by one, because spreading parts that may be empty takes several times as long.
  const described: Omit<SessionRecord<T>, "id"> = { data, version, createdAtMs, expiresAtMs };
  if (subject !== undefined) described.subject = values.decodeSubject(subject.payload, key);
  if (idleTtlMs !== undefined) described.idleTtlMs = idleTtlMs;
  if (absoluteExpiresAtMs !== undefined) described.absoluteExpiresAtMs = absoluteExpiresAtMs;
  if (quotas !== undefined) described.quotas = Object.fromEntries(quotas);
  return described;
}

/** For a listing: empty, and told as unreadable, where the session cannot be read. */
export function listedSession<T>(
  values: SessionValues,
  { place, key, session }: { place: Pick<SessionPlace, "tag" | "hash">; key: string; session: SessionState },
  unreadable: () => void,
): ListedSession<T>[] {
  try {
    return [{ handle: handleOf(place), ...describedSession<T>(values, key, session) }];
  } catch (error) {
    if (!isStoreError(error, "STORE_CORRUPT")) throw error;
    unreadable();
    return [];
  }
}

/** Object.fromEntries defines own properties, so `__proto__` is a name like any other. */
export function describedQuotas(quotas: ReadonlyMap<string, bigint> | undefined): { quotas?: Record<string, bigint> } {
  return quotas === undefined ? {} : { quotas: Object.fromEntries(quotas) };
}

/** The failure of a call that reads many sessions, and how far it had come. */
export function afterReading(error: unknown, read: number, of: number): unknown {
  if (!isStoreError(error, "STORE_UNAVAILABLE") || of === 1) return error;
  const { code, message, outcome } = error;
  return new StoreError(code, `${message} getMany had read ${read} of ${of} sessions.`, { outcome, cause: error });
}

/** Reads a session that the call has just written. A failure to read it does not mean that nothing was written. */
export function afterWriting<R>(read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw new StoreError(error.code, `${error.message} The call itself took effect.`, { outcome: "unknown" });
  }
}
