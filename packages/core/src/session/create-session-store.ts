// The session store over any AtomicPort: checks the request, runs one transition, and decodes its reply.
import type { AtomicPort, Step, StoredRecord } from "../atomic-port.ts";
import type { CallOptions, PortCallOptions } from "../call-options.ts";
import { invalidArgument } from "../errors.ts";
import { resolveStoreOptions, type StoreOptions } from "../store-options.ts";
import { type PortUse, storeRuntime } from "../store-runtime.ts";
import { publishUnreadable } from "../telemetry.ts";
import type { SessionCatalog } from "./catalog.ts";
import { jsonCodec } from "./json-codec.ts";
import { attempts, changing } from "./modify-session.ts";
import { readByHash } from "./read-by-hash.ts";
import { placeOfHandle, type SessionPlace, sessionKeys, sessionLocation } from "./session-id.ts";
import { checkedText, checkedVersion } from "./session-input.ts";
import { always, foundOrMissing, statusOf } from "./session-outcomes.ts";
import { afterWriting, describedQuotas, describedSession, listedSession } from "./session-records.ts";
import {
  createRequest,
  creditRequest,
  debitRequest,
  newIdRequest,
  type RequestContext,
  successorRequest,
} from "./session-requests.ts";
import type { SessionState } from "./session-state.ts";
import type { NewSession, SessionRecord, SessionStore } from "./session-store.ts";
import { sessionValues } from "./session-values.ts";
import { type FoundSession, subjectSessions } from "./subject-sessions.ts";
import { createSession } from "./transitions/create-session.ts";
import { creditSession } from "./transitions/credit-session.ts";
import { debitSession } from "./transitions/debit-session.ts";
import { deleteSession } from "./transitions/delete-session.ts";
import { getSession, getSessions } from "./transitions/get-session.ts";
import { rotateSession } from "./transitions/rotate-session.ts";
import { touchAndGetSession, touchSession } from "./transitions/touch-session.ts";
import { updateSession } from "./transitions/update-session.ts";

type Ok<T> = { status: "ok"; record: SessionRecord<T> };
/** The transitions that a backend may run natively, by their names in the catalog. */
type Hot = keyof SessionCatalog extends infer Name ? (Name extends `session.${infer Method}` ? Method : never) : never;
type Arguments<Name extends Hot> = SessionCatalog[`session.${Name}`]["arguments"];
type Reply<Name extends Hot> = SessionCatalog[`session.${Name}`]["reply"];
type Transition<A, R> = (records: readonly (StoredRecord | null)[], nowMs: number, request: A) => Step<R>;

/**
 * A session store on a port. `keyPrefix` is used as written, default "tollbooth:sess".
 * Throws STORE_CONFIG, naming the option, where one is wrong.
 */
export function createSessionStore<T = unknown>(
  port: AtomicPort,
  options: StoreOptions = {},
  use: PortUse = {},
): SessionStore<T> {
  const {
    keyPrefix,
    provider,
    codec = jsonCodec,
    maxValueBytes,
    defaults,
    pseudonymizers,
  } = resolveStoreOptions(options, "sessions");
  const about = { store: "sessions", provider } as const;
  const runtime = storeRuntime<SessionCatalog>(port, about, use);
  const keys = sessionKeys(keyPrefix);
  const values = sessionValues(codec, maxValueBytes);
  const context: RequestContext = {
    keys,
    values,
    pseudonymizers,
    defaultIdleTtlMs: defaults.idleTtlMs,
    maxValueBytes,
  };
  const subjects = subjectSessions(runtime.apply, keys);

  const run = <R>(name: string, call: CallOptions | undefined, outcome: (reply: R) => string, work: () => Promise<R>) =>
    runtime.operation(name, call, work, outcome);
  const apply = <Name extends Hot>(
    name: Name,
    on: string[],
    step: Transition<Arguments<Name>, Reply<Name>>,
    request: Arguments<Name>,
    call: PortCallOptions | undefined,
  ): Promise<Reply<Name>> => runtime.apply(`session.${name}`, on, request, step, call);
  const allKeys = (place: SessionPlace) => [keys.session(place), keys.operations(place), keys.index(place)];
  const recordOf = (id: string, place: SessionPlace, session: SessionState): SessionRecord<T> => ({
    id,
    ...describedSession<T>(values, keys.session(place), session),
  });

  const read = async (id: string, call: PortCallOptions | undefined): Promise<SessionRecord<T> | null> => {
    const place = sessionLocation(id);
    const session = await apply("get", [keys.session(place)], getSession, undefined, call);
    return session && recordOf(id, place, session);
  };
  const write = async (id: string, data: T, ifVersion: number | undefined, call: PortCallOptions | undefined) => {
    const place = sessionLocation(id);
    const key = keys.session(place);
    const change = { ifVersion: checkedVersion(ifVersion), payload: values.encode(data, key), maxValueBytes };
    const reply = await apply("update", [key], updateSession, change, call);
    if (reply.status === "missing") return reply;
    if (reply.status === "conflict") return { status: reply.status, current: recordOf(id, place, reply.session) };
    return { status: reply.status, record: afterWriting(() => recordOf(id, place, reply.session)) };
  };
  /** The pseudonyms that the subject has under the configured secrets. */
  const hashesOf = (subject: string): Set<string> => {
    const text = checkedText(subject, "subject");
    return new Set(pseudonymizers.map((pseudonym) => pseudonym(text)));
  };
  const unreadable = () => publishUnreadable({ ...about, operation: "listBySubject" });

  type Created = Promise<Ok<T> | { status: "exists" }>;
  function create(input: NewSession<T> & { id?: undefined }, call?: CallOptions): Promise<Ok<T>>;
  function create(input: NewSession<T> & { id?: string | undefined }, call?: CallOptions): Created;
  function create(input: NewSession<T> & { id?: string | undefined }, call?: CallOptions): Created {
    return run("create", call, statusOf, async () => {
      const { id, place, draft } = createRequest(context, input);
      const reply = await apply("create", [keys.session(place), keys.index(place)], createSession, draft, call);
      return reply.status === "ok" ? { status: "ok", record: recordOf(id, place, reply.session) } : reply;
    });
  }

  return {
    capabilities: port.capabilities,
    newId: (wanted) => newIdRequest(context, wanted),
    create,

    get(id, call) {
      return run("get", call, foundOrMissing, async () => {
        if (call?.touch !== true) return read(id, call);
        const place = sessionLocation(id);
        const session = await apply("touchAndGet", allKeys(place), touchAndGetSession, place, call);
        return session && afterWriting(() => recordOf(id, place, session));
      });
    },

    getMany(ids, call) {
      return run("getMany", call, always("ok"), async () => {
        if (!Array.isArray(ids)) throw invalidArgument("getMany takes a list of session ids.");
        const asked = ids.map((id: string) => ({ id, place: sessionLocation(id) }));
        const places = asked.map(({ place }) => place);
        const readThese = (onKeys: string[]) => apply("getMany", onKeys, getSessions, undefined, call);
        const found = await readByHash(places, keys, readThese, call?.signal);
        // Decoded for each place in the answer, so that no two of them share an object.
        return asked.map(({ id, place }) => {
          const session = found.get(place.hash) ?? null;
          return session && recordOf(id, place, session);
        });
      });
    },

    update(id, data, call) {
      return run("update", call, statusOf, () => write(id, data, call?.ifVersion, call));
    },

    modify(id, change, call) {
      return run("modify", call, statusOf, async () => {
        const attempt = changing(change, {
          read: (startedAtMs) => read(id, { ...call, startedAtMs }),
          write: (data, ifVersion, startedAtMs) => write(id, data, ifVersion, { ...call, startedAtMs }),
        });
        const proceed = () => {
          call?.signal?.throwIfAborted();
          runtime.closing.throwIfAborted();
        };
        return (await attempts(attempt, proceed, call?.retries)) ?? { status: "contended" as const };
      });
    },

    touch(id, call) {
      return run("touch", call, statusOf, async () => {
        const place = sessionLocation(id);
        const expiresAtMs = await apply("touch", allKeys(place), touchSession, place, call);
        return expiresAtMs === null ? { status: "missing" as const } : { status: "ok" as const, expiresAtMs };
      });
    },

    credit(id, grant, call) {
      return run("credit", call, statusOf, async () => {
        const place = sessionLocation(id);
        const request = creditRequest(context, id, place, grant);
        const reply = await apply("credit", allKeys(place), creditSession, request, call);
        if (reply.status === "missing") return reply;
        const { status, expiresAtMs, quotas, replayed } = reply;
        return { status, expiresAtMs, ...describedQuotas(quotas), replayed };
      });
    },

    debit(id, spend, call) {
      return run("debit", call, statusOf, async () => {
        const place = sessionLocation(id);
        return apply("debit", [keys.session(place), keys.operations(place)], debitSession, debitRequest(spend), call);
      });
    },

    rotate(id, call) {
      return run("rotate", call, statusOf, async () => {
        const old = sessionLocation(id);
        const successor = successorRequest(old, call?.newId);
        const place = sessionLocation(successor);
        const [from, to] = [keys.session(old), keys.session(place)];
        const reencode = (session: SessionState) => values.moved(session, from, to);
        const move = { hash: old.hash, successorHash: place.hash, reencode };
        const session = await apply("rotate", [from, to, keys.index(old)], rotateSession, move, call);
        if (session === null) return { status: "missing" as const };
        return { status: "ok" as const, record: recordOf(successor, place, session) };
      });
    },

    delete(id, call) {
      return run("delete", call, foundOrMissing, async () => {
        const place = typeof id === "object" ? placeOfHandle(id.handle) : sessionLocation(id);
        const ifVersion = call?.ifVersion === undefined ? undefined : checkedVersion(call.ifVersion);
        if (place === null) return false;
        const { hash } = place;
        return apply("delete", [keys.session(place), keys.index(place)], deleteSession, { hash, ifVersion }, call);
      });
    },

    deleteBySubject(subject, call) {
      return run("deleteBySubject", call, always("ok"), async () => {
        const exceptHash = call?.exceptId === undefined ? undefined : sessionLocation(call.exceptId).hash;
        let deleted = 0;
        for (const subjectHash of hashesOf(subject)) deleted += await subjects.deleteAll(subjectHash, exceptHash, call);
        return { deleted };
      });
    },

    async *listBySubject(subject, call) {
      const listed = ({ place, session }: FoundSession) =>
        listedSession<T>(values, { place, key: keys.session(place), session }, unreadable);
      for (const subjectHash of hashesOf(subject)) {
        const readOn = subjects.reading(subjectHash, unreadable, call);
        for (let done = false; !done; ) {
          const page = await run("listBySubject", call, always("ok"), readOn);
          for (const session of page.found.flatMap(listed)) {
            call?.signal?.throwIfAborted();
            yield session;
          }
          done = page.done;
        }
      }
    },

    close: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime.close(),
  };
}
