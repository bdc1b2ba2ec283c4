// The contract of a session store: paid time and paid quota, for minutes to days. There is no blind `set`.
import type { CallOptions, Capabilities } from "../call-options.ts";

export interface SessionRecord<T> {
  /** The id that you passed or were given. Only newId, create and rotate issue ids. */
  id: string;
  data: T;
  /**
   * Rises by one with each change of `data`. Starts at random, so that a version of an earlier session with this id
   * never matches.
   */
  version: number;
  subject?: string;
  createdAtMs: number;
  /** Unix epoch milliseconds. The session is live strictly before this instant. */
  expiresAtMs: number;
  idleTtlMs?: number;
  absoluteExpiresAtMs?: number;
  quotas?: Record<string, bigint>;
}

/** A listed session. Ids are not stored, so a handle stands for the session. */
export type ListedSession<T> = Omit<SessionRecord<T>, "id"> & { handle: string };

/** At least one of `idleTtlMs` (or the store's default) and `absoluteTtlMs` must be given: a session must end. */
export interface NewSession<T> {
  data: T;
  /** The session's owner; only with an issued id, which must have been issued for this subject. */
  subject?: string | undefined;
  /** Milliseconds. Default: the store's defaults.idleTtlMs. Touching extends the session to now + this. */
  idleTtlMs?: number | undefined;
  /** Milliseconds from creation. No touch or credit passes this deadline. */
  absoluteTtlMs?: number | undefined;
  /**
   * 0..2^63-1 each. At most 100, with names of 1 to 128 characters. In the store's maxValueBytes each counts with the
   * bytes of its name and 20 more, beside the encoded data; beyond is STORE_VALUE_TOO_LARGE, and nothing is changed.
   */
  quotas?: Record<string, bigint> | undefined;
}

/** What a new id is for. At most one of the two. */
export type NewIdOptions =
  | { subject?: string | undefined; replaces?: undefined }
  | { replaces: string; subject?: undefined };

/** There is no live session of that id. */
export type Missing = { status: "missing" };

/**
 * Every method rejects with a `StoreError` when the store cannot answer: `null` and "missing" mean absent and nothing
 * else. Each call is atomic, except modify (a loop), getMany, deleteBySubject and listBySubject (see there).
 *
 * A call has one deadline where the provider has one (commandTimeoutMs), whatever number of steps it takes. getMany,
 * deleteBySubject and listBySubject have one for each step: they take longer the more there is to do.
 */
export interface SessionStore<T = unknown> extends AsyncDisposable {
  readonly capabilities: Capabilities;
  /**
   * An id for a session to come, so that the caller knows it before anything is sent. `subject`: for a session of that
   * subject. `replaces`: for `rotate` of the session with that id. Without I/O; works also while the backend is away.
   */
  newId(options?: NewIdOptions): string;
  /**
   * With an id that is issued now. A retry after an unknown outcome makes a second session. To avoid that, take the id
   * first: `create({ ...input, id: store.newId() })`.
   */
  create(
    input: NewSession<T> & { id?: undefined },
    options?: CallOptions,
  ): Promise<{ status: "ok"; record: SessionRecord<T> }>;
  /**
   * With an id from `newId`, or with one of your own, which takes no subject. Of N calls at once exactly one is ok. So a
   * retry after an unknown outcome makes no second session: "exists" says that an earlier attempt took effect, and
   * `get(id)` reads it. Only a live session counts: after its end, or its rotation, a retry makes another one.
   *
   * Never pass an id that a client sent: it would know the id of a session of another client.
   */
  create(
    input: NewSession<T> & { id?: string | undefined },
    options?: CallOptions,
  ): Promise<{ status: "ok"; record: SessionRecord<T> } | { status: "exists" }>;
  get(id: string, options?: CallOptions & { touch?: boolean | undefined }): Promise<SessionRecord<T> | null>;
  /**
   * Keeps order and duplicates. Each record is read atomically, not all at one instant. Reads 64 sessions a step, four
   * steps at a time, so that other calls get through. Rejects where one step fails, or one session is unreadable.
   */
  getMany(ids: readonly string[], options?: CallOptions): Promise<(SessionRecord<T> | null)[]>;
  /** Replaces `data` if its version is still `ifVersion`. Moves no expiry. */
  update(
    id: string,
    data: T,
    options: CallOptions & { ifVersion: number },
  ): Promise<{ status: "ok"; record: SessionRecord<T> } | { status: "conflict"; current: SessionRecord<T> } | Missing>;
  /**
   * Compare-and-set loop with jittered backoff. `change` may run again. Default 100 retries, then "contended". The time
   * that `change` takes does not count against the deadline. Past it: STORE_UNAVAILABLE.
   */
  modify(
    id: string,
    change: (data: T) => T | Promise<T>,
    options?: CallOptions & { retries?: number | undefined },
  ): Promise<{ status: "ok"; record: SessionRecord<T> } | { status: "contended" } | Missing>;
  /** Extends to now + idleTtlMs, never past the absolute deadline, never backwards. Without an idle TTL: no change. */
  touch(id: string, options?: CallOptions): Promise<{ status: "ok"; expiresAtMs: number } | Missing>;
  /**
   * Adds paid time and quota once per opId: expiry becomes max(now, expiresAtMs) + extendMs. So a retry with the same
   * opId is safe: a replay answers the current state. The opId (the payment's id) is remembered until the session's end
   * or 24 h, whichever is later, also after expiry or delete.
   *
   * `createWith` applies only where there is no session of that id, and only to ids of your own. The new session's
   * expiry is now + extendMs, and it has no idle TTL unless given. An extendMs past the absolute deadline throws
   * STORE_INVALID_ARGUMENT; a quota that the session has no room for (see NewSession) is STORE_VALUE_TOO_LARGE. Both
   * change nothing and remember nothing.
   */
  credit(
    id: string,
    grant: {
      opId: string;
      extendMs?: number | undefined;
      quotas?: Record<string, bigint> | undefined;
      createWith?: Omit<NewSession<T>, "subject" | "quotas"> | undefined;
    },
    options?: CallOptions,
  ): Promise<{ status: "ok"; expiresAtMs: number; quotas?: Record<string, bigint>; replayed: boolean } | Missing>;
  /**
   * Spends from a quota, never below zero. With an opId it spends once, so a retry is safe; "insufficient" is not
   * remembered.
   */
  debit(
    id: string,
    spend: { quota: string; amount: bigint; opId?: string | undefined },
    options?: CallOptions,
  ): Promise<{ status: "ok" | "insufficient"; remaining: bigint; replayed: boolean } | Missing>;
  /**
   * Moves the session to a new id. The old id is dead at once. A lost reply loses the session, since its new id is not
   * known. To avoid that, take the id first: `newId: store.newId({ replaces: id })`. A retry with it then answers "ok", or
   * "missing" where an earlier attempt took effect; in both cases the session lives under `newId`.
   *
   * Another `newId`, and one under which another session lives, is STORE_INVALID_ARGUMENT. An update of the data
   * meanwhile makes it begin again, within its deadline; touches, credits and debits are taken along.
   */
  rotate(
    id: string,
    options?: CallOptions & { newId?: string | undefined },
  ): Promise<{ status: "ok"; record: SessionRecord<T> } | Missing>;
  /** True if there was a live session (of that version) and it is gone now. */
  delete(id: string | { handle: string }, options?: CallOptions & { ifVersion?: number | undefined }): Promise<boolean>;
  /**
   * Deletes every session that the subject had before the call, whatever races with it. A session created during the
   * call may stay. Deletes up to 100 sessions a step, also unreadable ones. After a failure those of the steps before it
   * are gone, and another call goes on with the rest.
   */
  deleteBySubject(
    subject: string,
    options?: CallOptions & { exceptId?: string | undefined },
  ): Promise<{ deleted: number }>;
  /**
   * The subject's live sessions, each as at some instant of the listing, in no order. Reads them in pages, as the caller
   * goes on. A session that cannot be read is skipped, and told on `operationChannel` as "unreadable".
   */
  listBySubject(subject: string, options?: CallOptions): AsyncIterable<ListedSession<T>>;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
