// Actors that work on sessions: their intentions, and the single calls that these make.
import type { Turn } from "./world.ts";

/** An actor's intentions, in turn, for the id that it knows. */
export type Intent =
  | { readonly op: "create" | "touch" | "update" | "rotate" | "delete" | "deleteBySubject" }
  | { readonly op: "debit"; readonly opId: string; readonly amount: number }
  | Credit;

interface Credit {
  readonly op: "credit";
  readonly opId: string;
  readonly amount: number;
  readonly extendMs?: number;
  /** Makes a session where there is none. */
  readonly creates?: true;
}

export type SessionCall =
  | { readonly op: "create" | "get" | "touch" | "delete"; readonly id: string }
  | { readonly op: "update"; readonly id: string; readonly ifVersion: number; readonly payload: string }
  | { readonly op: "rotate"; readonly id: string; readonly to: string }
  | { readonly op: "debit"; readonly id: string; readonly opId: string; readonly amount: number }
  | (Credit & { readonly id: string })
  | { readonly op: "deleteListed"; readonly listed: readonly string[] };

export interface SessionReply {
  readonly status: "ok" | "missing" | "exists" | "conflict" | "insufficient" | "refused";
  readonly version?: number;
  readonly replayed?: boolean;
  readonly listed?: readonly string[];
}

export interface SessionActor {
  readonly name: string;
  readonly program: readonly Intent[];
  /** The id that it knows. */
  readonly id: string;
  /** Between the two calls of an update: the version read. */
  readonly version?: number;
  /** Between two calls of deleteBySubject: what the last one found. */
  readonly listed?: readonly string[];
}

/** The part of an id that rotate keeps. */
export function lineageOf(id: string): string {
  return id.slice(0, id.indexOf("."));
}

/** The actor's next call. An id is made of the actor's name and its remaining steps, so no two are alike. */
export function sessionTurns({
  name,
  program,
  id,
  version,
  listed,
}: SessionActor): Turn<SessionActor, SessionCall, never>[] {
  const [intent] = program;
  if (intent === undefined) return [];
  const mark = `${name}${program.length}`;
  switch (intent.op) {
    case "create":
      return [{ call: { op: "create", id: `${mark}.0` } }];
    case "rotate":
      return [{ call: { op: "rotate", id, to: `${lineageOf(id)}.${mark}` } }];
    case "update":
      if (version === undefined) return [{ call: { op: "get", id } }];
      return [{ call: { op: "update", id, ifVersion: version, payload: mark } }];
    case "deleteBySubject":
      return [{ call: { op: "deleteListed", listed: listed ?? [] } }];
    case "touch":
    case "delete":
      return [{ call: { op: intent.op, id } }];
    case "credit":
    case "debit":
      return [{ call: { ...intent, id } }];
  }
}

/** The actor after its call. Null: an error that leaves the outcome open; repeatable calls are repeated. */
export function sessionAnswered(actor: SessionActor, call: SessionCall, reply: SessionReply | null): SessionActor {
  const { name, program, id } = actor;
  const done: SessionActor = { name, program: program.slice(1), id };
  switch (call.op) {
    case "credit":
    case "debit":
    case "touch":
    case "delete":
      return reply === null ? actor : done;
    case "create":
      // After an error the actor does not know the issued id.
      return reply?.status === "ok" ? { ...done, id: call.id } : done;
    case "rotate":
      return reply?.status === "ok" ? { ...done, id: call.to } : done;
    case "get":
      if (reply === null) return actor;
      return reply.version === undefined ? done : { ...actor, version: reply.version };
    case "update":
      return done;
    case "deleteListed":
      if (reply?.listed === undefined) return { name, program, id };
      return reply.listed.length === 0 ? done : { name, program, id, listed: reply.listed };
  }
}
