// Scenario: actors credit, debit, update, rotate and delete the sessions of one subject, or a session under an id of
// their own.
import type { Step, StoredRecord } from "../atomic-port.ts";
import { isStoreError } from "../errors.ts";
import { operationHash } from "../session/applied-operations.ts";
import { instantOf, instantsOf } from "../session/instant-map.ts";
import { type SessionState, type SessionSubject, sessionState } from "../session/session-state.ts";
import { subjectIndex } from "../session/subject-index.ts";
import { createSession } from "../session/transitions/create-session.ts";
import { creditSession } from "../session/transitions/credit-session.ts";
import { debitSession } from "../session/transitions/debit-session.ts";
import { deleteSession } from "../session/transitions/delete-session.ts";
import { deleteSubjectSessions } from "../session/transitions/delete-subject-sessions.ts";
import { getSession } from "../session/transitions/get-session.ts";
import { rotateSession } from "../session/transitions/rotate-session.ts";
import { touchAndGetSession } from "../session/transitions/touch-session.ts";
import { updateSession } from "../session/transitions/update-session.ts";
import {
  absoluteTtlMs,
  type Books,
  booked,
  firstVersion,
  idleTtlMs,
  listedAtOnce,
  newEntry,
  withoutExpired,
} from "./session-books.ts";
import {
  type Intent,
  lineageOf,
  type SessionActor,
  type SessionCall,
  type SessionReply,
  sessionAnswered,
  sessionTurns,
} from "./session-program.ts";
import type { Scenario, World } from "./world.ts";

/** The transitions under test. A test may replace some by wrong ones. */
interface SessionTransitions {
  readonly create: typeof createSession;
  readonly credit: typeof creditSession;
  readonly debit: typeof debitSession;
  readonly delete: typeof deleteSession;
  readonly deleteListed: typeof deleteSubjectSessions;
  readonly get: typeof getSession;
  readonly rotate: typeof rotateSession;
  readonly touch: typeof touchAndGetSession;
  readonly update: typeof updateSession;
}

export interface SessionOptions {
  readonly programs: readonly (readonly Intent[])[];
  /** The start of all actors: a session of the subject, or an id of their own without a session. */
  readonly start: "issued" | "chosen";
  readonly transitions?: Partial<SessionTransitions> | undefined;
}

type SessionWorld = World<SessionActor, SessionCall, Books>;

const startMs = 10_000;
const subject: SessionSubject = { hash: "subject", payload: "subject" };
const firstId = "s.0";
const maxValueBytes = 1_000;
const draft = {
  hash: firstId,
  version: 1,
  payload: "new",
  idleTtlMs,
  absoluteTtlMs,
  quotas: new Map([["calls", 10n]]),
  subject,
};

export function sessionScenario({
  programs,
  start,
  transitions,
}: SessionOptions): Scenario<SessionActor, SessionCall, SessionReply, Books> {
  const on: SessionTransitions = {
    create: createSession,
    credit: creditSession,
    debit: debitSession,
    delete: deleteSession,
    deleteListed: deleteSubjectSessions,
    get: getSession,
    rotate: rotateSession,
    touch: touchAndGetSession,
    update: updateSession,
    ...transitions,
  };
  const issued = start === "issued";
  const [session, index] = issued ? (createSession([null, null], startMs, draft).writes ?? []) : [];
  return {
    names: ["A", "B", "C"].slice(0, programs.length),
    startMs,
    actors: programs.map((program, actor) => ({ name: "ABC".charAt(actor), program, id: firstId })),
    records: { ...(session && { [sessionKey(firstId)]: session }), ...(index && { [indexKey]: index }) },
    ghost: { live: issued ? { [firstId]: newEntry(startMs) } : {}, dead: [], done: [], broken: null },
    turns: sessionTurns,
    keysOf,
    step: (call, records, nowMs) => transition(on, call, records, nowMs),
    applied: booked,
    answered: sessionAnswered,
    // An id is issued once, and no actor repeats create. A copy can only be the network's own.
    straggles: (call) => call.op !== "create",
    // Each session's end, and an instant before it at which a touch still counts.
    instants: ({ ghost }) => Object.values(ghost.live).flatMap(({ expiresAtMs }) => [expiresAtMs - 100, expiresAtMs]),
    ticked: withoutExpired,
    invariant: (world) => world.ghost.broken ?? wrongSession(world) ?? wrongIndex(world),
    describeCall: ({ op, ...rest }) => {
      const { id, opId, to, listed }: Record<string, unknown> = rest;
      return [op, opId, id, to === undefined ? undefined : `to ${to}`, listed].filter(Boolean).join(" ");
    },
    describeReply: ({ status, replayed, listed }) =>
      `${status}${replayed ? " (replayed)" : ""}${listed ? ` [${listed}]` : ""}`,
  };
}

const indexKey = "index";
const sessionKey = (id: string) => `session ${id}`;
const operationsKey = (id: string) => `operations ${lineageOf(id)}`;

/** In the order in which each transition takes its records. */
function keysOf(call: SessionCall): string[] {
  switch (call.op) {
    case "deleteListed":
      return [indexKey, ...call.listed.map(sessionKey)];
    case "create":
    case "delete":
      return [sessionKey(call.id), indexKey];
    case "rotate":
      return [sessionKey(call.id), sessionKey(call.to), indexKey];
    case "credit":
    case "touch":
    case "debit":
      return [sessionKey(call.id), operationsKey(call.id), indexKey];
    case "get":
    case "update":
      return [sessionKey(call.id)];
  }
}

function transition(
  on: SessionTransitions,
  call: SessionCall,
  records: readonly (StoredRecord | null)[],
  nowMs: number,
): Step<SessionReply> {
  const found = (session: SessionState | null): SessionReply =>
    session === null ? { status: "missing" } : { status: "ok", version: session.version };
  switch (call.op) {
    case "create":
      return answered(on.create(records, nowMs, { ...draft, hash: call.id }), ({ status }) => ({ status }));
    case "get":
      return answered(on.get(records), found);
    case "touch":
      return answered(on.touch(records, nowMs, { hash: call.id }), found);
    case "update":
      return answered(on.update(records, nowMs, { ...call, maxValueBytes }), ({ status }) => ({ status }));
    case "rotate": {
      const move = { hash: call.id, successorHash: call.to, reencode: (session: SessionState) => session };
      return answered(on.rotate(records, nowMs, move), found);
    }
    case "delete":
      return answered(on.delete(records, nowMs, { hash: call.id }), (was) => ({ status: was ? "ok" : "missing" }));
    case "credit": {
      const grant = {
        hash: call.id,
        operation: operationHash("credit", call.opId),
        maxValueBytes,
        extendMs: call.extendMs,
        quotas: new Map([["calls", BigInt(call.amount)]]),
        createWith: call.creates && { version: firstVersion(call), payload: "bought" },
      };
      try {
        return answered(on.credit(records, nowMs, grant), told);
      } catch (error) {
        if (!isStoreError(error, "STORE_INVALID_ARGUMENT")) throw error;
        return { reply: { status: "refused" } };
      }
    }
    case "debit": {
      const spend = { quota: "calls", amount: BigInt(call.amount), operation: operationHash("debit", call.opId) };
      return answered(on.debit(records, nowMs, spend), told);
    }
    case "deleteListed": {
      const deletion = { subjectHash: subject.hash, listed: call.listed, limit: listedAtOnce };
      return answered(on.deleteListed(records, nowMs, deletion), ({ next }) => ({ status: "ok", listed: next }));
    }
  }
}

function told(reply: { status: SessionReply["status"]; replayed?: boolean }): SessionReply {
  return { status: reply.status, ...(reply.replayed && { replayed: true }) };
}

function answered<R>({ writes = [], reply }: Step<R>, as: (reply: R) => SessionReply): Step<SessionReply> {
  return { writes, reply: as(reply) };
}

/** The stored sessions must equal the books, to the millisecond and the unit. */
function wrongSession({ records, ghost }: SessionWorld): string | null {
  const stored = Object.keys(records).filter((key) => key.startsWith(sessionKey("")));
  const ids = stored.map((key) => key.slice(sessionKey("").length));
  const again = ids.find((id) => ghost.dead.includes(id));
  if (again !== undefined) return `${again} was dead and is live again`;
  const twice = ids.find((id, at) => ids.findIndex((other) => lineageOf(other) === lineageOf(id)) !== at);
  if (twice !== undefined) return `${twice} is live beside another successor`;
  for (const id of new Set([...ids, ...Object.keys(ghost.live)])) {
    const session = sessionState(records[sessionKey(id)] ?? null);
    const entry = ghost.live[id];
    if (session === null || entry === undefined) return session === null ? `${id} is lost` : `${id} was never made`;
    const quota = session.quotas?.get("calls") ?? 0n;
    if (quota < 0n) return `${id} has a quota below zero`;
    if (quota !== BigInt(entry.quota)) return `${id} has ${quota}, credits less debits are ${entry.quota}`;
    if (session.expiresAtMs !== entry.expiresAtMs) {
      return `${id} ends ${session.expiresAtMs - entry.expiresAtMs} ms later than what was paid or used`;
    }
    if (session.version !== entry.version || session.payload !== entry.payload) return `${id} has lost an update`;
    if ((session.subject === undefined) === entry.ofSubject) return `${id} has lost or found a subject`;
  }
  return null;
}

/** The index must name each live session of the subject with its expiry, and no other live one. */
function wrongIndex({ records, ghost, nowMs }: SessionWorld): string | null {
  const record = records[indexKey] ?? null;
  const index = subjectIndex(record).get(subject.hash) ?? null;
  for (const [id, { ofSubject, expiresAtMs }] of Object.entries(ghost.live)) {
    if (ofSubject && instantOf(index, id) !== expiresAtMs) return `the index is wrong about ${id}`;
    if (ofSubject && (record?.endsAtMs ?? 0) < expiresAtMs) return `the index ends before ${id}`;
  }
  const left = [...instantsOf(index)].find(([id, endsAtMs]) => endsAtMs > nowMs && ghost.live[id] === undefined);
  return left === undefined ? null : `the index still names ${left[0]}`;
}
