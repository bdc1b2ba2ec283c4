// The session of a request: read once from its credential, then opened, rotated, spent from and ended by handlers.
import { randomUUID } from "node:crypto";
import { isStoreError, type NewSession, type SessionRecord, type SessionStore } from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { type Answer, problem } from "./answer.ts";
import { requireFlag, requireFunction } from "./option-types.ts";
import { type Credential, type CredentialOptions, credentialOf, type HeaderReader } from "./session-credential.ts";
import { idAfter, type SessionMoves } from "./session-moves.ts";
import { isOpened, OF_A_RECORD, type OpensOption, requireSessionStore } from "./session-opens.ts";
import { storeFailure } from "./store-failure.ts";

export type SessionOptions<T> = CredentialOptions &
  OpensOption<T> & {
    sessions: SessionStore<T>;
    /** True: each request extends the session to now + its idle TTL. Default false. */
    touch?: boolean | undefined;
    /** False: a request without a live session goes on, without one. Default true: 401. A store that is away is 503 in any case. */
    required?: boolean | undefined;
  };

const optionNames: OptionNames<SessionOptions<unknown>> = {
  ...{ sessions: true, opens: true, touch: true, required: true },
  ...{ cookie: true, bearer: true },
};

/** One call, taken from a quota. */
export type Spent =
  | {
      status: "ok";
      remaining: bigint;
      /**
       * Gives the call back, once. Resolves also where the store is away, and where another request has moved the session to a new id
       * meanwhile: the call stays spent then.
       */
      giveBack(): Promise<void>;
    }
  | { status: "insufficient" | "missing" };

/**
 * `id` and `record` are as read when the request came; `open` and `rotate` replace them. The calls reject with a
 * `StoreError`, for which `storeFailure` has the answer. Those that change the cookie throw a TypeError, before anything is
 * changed, where its header can no longer be sent: after the head, and in a handler that makes an answer that is sold.
 */
export interface RequestSession<T> {
  readonly id: string | undefined;
  readonly record: SessionRecord<T> | undefined;
  /** Makes a session, and sets its cookie. With bearer tokens, tell the client `record.id`. The one before stays as it is. */
  open(session: NewSession<T>): Promise<SessionRecord<T>>;
  /**
   * Moves the session to a new id, and sets its cookie. The old id is dead at once. Do so when rights change: at a login. Not in front
   * of a sale of sessions: an answer that is lost takes the new id with it, and what was bought. False where the session is over, or
   * another request has moved it: then the cookie stays, because that request sets it.
   */
  rotate(): Promise<boolean>;
  /**
   * Ends the session. False where it is over already, or another request has moved it: then it may live on under its new id, and the
   * application can ask for another logout. False too where the store's first reply was lost, and only a second one came. The cookie is
   * cleared in each case: the client asked to be signed out, and a browser that keeps no id stays so.
   */
  logout(): Promise<boolean>;
  /** Takes one call from a quota, once, also where a reply is lost and asked for again. */
  spend(quota: string): Promise<Spent>;
}

/** The session of a request that goes on only with one. */
export interface HeldSession<T> extends RequestSession<T> {
  readonly id: string;
  readonly record: SessionRecord<T>;
}

export function isHeld<T>(session: RequestSession<T>): session is HeldSession<T> {
  return session.record !== undefined;
}

/** How a framework tells a cookie. */
export interface CookieTeller {
  /** Throws where no cookie can be told any more. Called before anything is changed. */
  requireTellable(): void;
  tell(line: string): void;
}

/** `moves`: those of the request, where something else may read or move its sessions too. */
export type SessionReader<T> = (
  header: HeaderReader,
  teller: CookieTeller,
  signal?: AbortSignal | undefined,
  moves?: SessionMoves | undefined,
) => Promise<{ session: RequestSession<T>; refused?: undefined } | { session?: undefined; refused: Answer }>;

/**
 * Reads the session of requests. A credential that is missing, or that no id of ours looks like, is 401 without asking the
 * store; one that opens nothing is 401; a store that is away is 503 with Retry-After. A 401 never clears the cookie: a request
 * beside it may have rotated the session. Throws STORE_CONFIG for options that cannot be meant.
 */
export function sessionReader<T>(options: SessionOptions<T>): SessionReader<T> {
  const credential = checkArguments("sessionReader", () => {
    requireSessionStore(options, "get");
    requireKnownOptions(options, optionNames);
    requireFunction("opens", options.opens, OF_A_RECORD);
    requireFlag("touch", options.touch);
    requireFlag("required", options.required);
    return credentialOf(options);
  });
  const { sessions, required = true } = options;
  const unauthorized = (code: string, message: string) => ({
    refused: problem(401, code, message, credential.challenge),
  });
  return async (header, teller, signal, moves = new Map()) => {
    const sent = credential.read(header);
    let record: SessionRecord<T> | null = null;
    if (sent.status === "ok") {
      try {
        record = await openedSession(options, idAfter(moves, sent.id), signal);
      } catch (error) {
        const refused = storeFailure(error);
        if (refused === undefined) throw error;
        return { refused };
      }
    }
    if (record === null && required) {
      return sent.status === "missing"
        ? unauthorized("session_required", "This needs a session, and the request names none.")
        : unauthorized("session_over", "The session is over, or never was.");
    }
    return { session: requestSession({ sessions, credential, teller, moves }, record ?? undefined) };
  };
}

async function openedSession<T>(
  { sessions, touch = false, opens }: SessionOptions<T>,
  id: string,
  signal: AbortSignal | undefined,
): Promise<SessionRecord<T> | null> {
  if (opens === undefined) return sessions.get(id, { touch, signal });
  const record = await sessions.get(id, { signal });
  if (record === null || !isOpened({ opens }, record)) return null;
  if (!touch) return record;
  // Only after `opens`: requests to a route that does not open a session must not extend it.
  const touched = await sessions.touch(id, { signal });
  return touched.status === "ok" ? { ...record, expiresAtMs: touched.expiresAtMs } : null;
}

interface SessionParts<T> {
  sessions: SessionStore<T>;
  credential: Credential;
  teller: CookieTeller;
  moves: SessionMoves;
}

function requestSession<T>(
  { sessions, credential, teller, moves }: SessionParts<T>,
  found: SessionRecord<T> | undefined,
): RequestSession<T> {
  let record = found;
  const tell = (id: string | undefined) => {
    const line = credential.cookieLine(id);
    if (line !== undefined) teller.tell(line);
  };
  return {
    get id() {
      return record?.id;
    },
    get record() {
      return record;
    },
    async open(session) {
      teller.requireTellable();
      // The id is chosen first, so that a lost reply makes no second session.
      const id = sessions.newId({ subject: session.subject });
      const created = await onceMore(() => sessions.create({ ...session, id }));
      const opened = created.status === "ok" ? created.record : await sessions.get(id);
      if (opened === null) throw new Error("A session that was opened just now is gone.");
      record = opened;
      tell(id);
      return opened;
    },
    async rotate() {
      teller.requireTellable();
      const old = record?.id;
      if (old === undefined) return false;
      const newId = sessions.newId({ replaces: old });
      const moved = await onceMore(() => sessions.rotate(old, { newId }));
      // "missing" is also what a second attempt hears of the first one's success.
      const now = moved.status === "ok" ? moved.record : await sessions.get(newId);
      if (now === null) return false;
      record = now;
      moves.set(old, newId);
      tell(newId);
      return true;
    },
    async logout() {
      teller.requireTellable();
      const old = record?.id;
      const ended = old !== undefined && (await onceMore(() => sessions.delete(old)));
      record = undefined;
      tell(undefined);
      return ended;
    },
    async spend(quota) {
      const id = record?.id;
      if (id === undefined) return { status: "missing" };
      const opId = randomUUID();
      const spent = await onceMore(() => sessions.debit(id, { quota, amount: 1n, opId }));
      if (spent.status !== "ok") return { status: spent.status };
      const back = { opId: `back:${opId}`, quotas: { [quota]: 1n } };
      const giveBack = async () => {
        // A rotate in between has moved the session. One that was opened in between is another.
        await onceMore(() => sessions.credit(idAfter(moves, id), back)).catch((error: unknown) => {
          if (!isStoreError(error)) throw error;
        });
      };
      return { status: "ok", remaining: spent.remaining, giveBack };
    },
  };
}

/** For calls that a retry repeats safely: where the reply was lost, asks once more. */
async function onceMore<R>(call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (error) {
    if (isStoreError(error, "STORE_UNAVAILABLE") && error.outcome === "unknown") return call();
    throw error;
  }
}
