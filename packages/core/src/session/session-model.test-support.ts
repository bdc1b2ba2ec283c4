// For tests: a naive model of the session store, and the calls to make on both.
import fc from "fast-check";

export const maximum: bigint = 2n ** 63n - 1n;
const day = 86_400_000;
export const idleTtlMs = 1_000;

/** One session as the model sees it. Names stand for ids: a rotated session keeps its name. */
export interface Session {
  data: number;
  changes: number;
  subject?: string | undefined;
  expiresAtMs: number;
  idleTtlMs?: number | undefined;
  absoluteExpiresAtMs?: number | undefined;
  quotas: Map<string, bigint>;
}

/** The same things held plainly: no records, no index, no hashes. */
export class Model {
  readonly sessions: Map<string, Session> = new Map();
  readonly applied: Map<string, number> = new Map();

  live(name: string, nowMs: number): Session | undefined {
    const session = this.sessions.get(name);
    return session !== undefined && session.expiresAtMs > nowMs ? session : undefined;
  }

  touch(session: Session, nowMs: number): void {
    if (session.idleTtlMs === undefined) return;
    const limit = session.absoluteExpiresAtMs ?? Number.POSITIVE_INFINITY;
    session.expiresAtMs = Math.max(session.expiresAtMs, Math.min(limit, nowMs + session.idleTtlMs));
  }

  /** Operations last as long as their session, and 24 h at least. */
  extend(name: string, expiresAtMs: number, nowMs: number): void {
    for (const [operation, endsAtMs] of this.applied) {
      if (operation.startsWith(`${name}/`) && endsAtMs > nowMs)
        this.applied.set(operation, Math.max(endsAtMs, expiresAtMs));
    }
  }

  remember(name: string, operation: string, session: Session, nowMs: number): void {
    this.applied.set(`${name}/${operation}`, Math.max(session.expiresAtMs, nowMs + day));
    // One list a session: each new entry keeps the older ones as long as itself.
    this.extend(name, Math.max(session.expiresAtMs, nowMs + day), nowMs);
  }

  knows(name: string, operation: string, nowMs: number): boolean {
    return (this.applied.get(`${name}/${operation}`) ?? 0) > nowMs;
  }
}

export type Command =
  | {
      type: "create";
      name: string;
      subject: string | undefined;
      absoluteTtlMs: number | undefined;
      quota: bigint | undefined;
    }
  | { type: "get" | "getTouch" | "touch" | "rotate" | "delete" | "modify"; name: string }
  | { type: "update"; name: string; stale: boolean; data: number }
  | {
      type: "credit";
      name: string;
      opId: string;
      extendMs: number | undefined;
      quota: bigint | undefined;
      create: boolean;
    }
  | { type: "debit"; name: string; amount: bigint; opId: string | undefined }
  | { type: "deleteBySubject"; subject: string; except: string | undefined }
  | { type: "list"; subject: string }
  | { type: "advance"; ms: number };

// "mine" is an id of the caller's; the others are issued when they are created.
const name = fc.constantFrom("mine", "a", "b", "c");
const subject = fc.constantFrom("alice", "alice*", "bob");
const opId = fc.constantFrom("p1", "p2", "p3");
const amount = fc.oneof(fc.bigInt(1n, 5n), fc.bigInt(maximum - 5n, maximum));
const maybe = <V>(value: fc.Arbitrary<V>) => fc.option(value, { nil: undefined });
export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("create"),
      name,
      subject: maybe(subject),
      absoluteTtlMs: maybe(fc.integer({ min: 500, max: 5_000 })),
      quota: maybe(amount),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom("get", "getTouch", "touch", "rotate", "delete", "modify"), name }),
  },
  fc.record({ type: fc.constant("update"), name, stale: fc.boolean(), data: fc.nat(9) }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("credit"),
      name,
      opId,
      extendMs: maybe(fc.integer({ min: 1, max: 3_000 })),
      quota: maybe(amount),
      create: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("debit"), name, amount, opId: maybe(opId) }) },
  fc.record({ type: fc.constant("deleteBySubject"), subject, except: maybe(name) }),
  fc.record({ type: fc.constant("list"), subject }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("advance"),
      ms: fc.constantFrom(1, 400, 999, 1_000, 5_000, day - 1_000, day),
    }),
  },
);
