// What sessions mean, as the plainest program that could say it.
import type { SessionBench } from "./checks.ts";

interface Life {
  data: unknown;
  version: number;
  subject: string | undefined;
  createdAtMs: number;
  expiresAtMs: number;
  idleTtlMs: number | undefined;
  absoluteExpiresAtMs: number | undefined;
  quotas: Map<string, bigint>;
}

/** One call, or a step of the clock. `who` is a slot of the sequence, `op` one of a few opIds. */
export type SessionCommand =
  | { kind: "create"; who: number; idleMs: number | undefined; absoluteMs: number | undefined; quota: number }
  | { kind: "get"; who: number; touch: boolean }
  | { kind: "update"; who: number; stale: boolean; data: number }
  | { kind: "touch" | "rotate"; who: number }
  | { kind: "credit"; who: number; op: number; extendMs: number | undefined; quota: number; createWith: boolean }
  | { kind: "debit"; who: number; op: number | undefined; amount: number }
  | { kind: "delete"; who: number; stale: boolean }
  | { kind: "deleteBySubject"; subject: number }
  | { kind: "list"; subject: number }
  | { kind: "advance"; ms: number };

/** Slots 0-1 are ids of one's own; the others are issued, each to the subject of its parity. */
export const slots = 6;
export const isOwn = (who: number): boolean => who < 2;
export const subjectOf = (who: number): string => `subject ${who % 2}`;

/** A model's answer, in a form that the store's answer is brought into as well. */
export type Answer = unknown;

/** The operations on slots; versions are counted from the session's first. */
export function sessionModel(startMs: number): { play(command: SessionCommand): Answer } {
  let nowMs = startMs;
  const lives = new Map<number, Life>();
  const operations = new Map<number, { done: Set<string>; untilMs: number }>();

  const live = (who: number) => {
    const life = lives.get(who);
    return life !== undefined && nowMs < life.expiresAtMs ? life : undefined;
  };
  const see = (life: Life) => ({
    data: life.data,
    version: life.version,
    ageMs: nowMs - life.createdAtMs,
    leftMs: life.expiresAtMs - nowMs,
    idleTtlMs: life.idleTtlMs,
    absoluteLeftMs: life.absoluteExpiresAtMs === undefined ? undefined : life.absoluteExpiresAtMs - nowMs,
    quotas: Object.fromEntries([...life.quotas].sort()),
  });
  const cap = (atMs: number, life: Pick<Life, "absoluteExpiresAtMs">) =>
    life.absoluteExpiresAtMs === undefined ? atMs : Math.min(atMs, life.absoluteExpiresAtMs);
  const remember = (who: number) => {
    const known = operations.get(who);
    const fresh = known !== undefined && nowMs < known.untilMs ? known : { done: new Set<string>(), untilMs: 0 };
    operations.set(who, fresh);
    return fresh;
  };
  const note = (who: number, op: string) => {
    const known = remember(who);
    known.done.add(op);
    known.untilMs = Math.max(known.untilMs, nowMs + 86_400_000);
  };
  /** A session that lives longer keeps its opIds longer. */
  const prolong = (who: number) => {
    const life = live(who);
    const known = remember(who);
    if (life !== undefined && known.done.size > 0) known.untilMs = Math.max(known.untilMs, life.expiresAtMs);
  };
  const touch = (who: number, life: Life) => {
    if (life.idleTtlMs !== undefined) life.expiresAtMs = Math.max(life.expiresAtMs, cap(nowMs + life.idleTtlMs, life));
    prolong(who);
  };

  return {
    play(command) {
      if (command.kind === "advance") {
        nowMs += command.ms;
        return undefined;
      }
      if (command.kind === "list" || command.kind === "deleteBySubject") {
        const theirs = [...lives.keys()].filter(
          (who) => !isOwn(who) && live(who)?.subject === `subject ${command.subject}`,
        );
        if (command.kind === "list") return theirs.flatMap((who) => live(who)?.data ?? []).sort(byText);
        for (const who of theirs) lives.delete(who);
        return theirs.length;
      }
      const { who } = command;
      const life = live(who);
      if (command.kind === "create") {
        if (life !== undefined && isOwn(who)) return "exists";
        if (life !== undefined) lives.delete(who);
        // An issued id is a new one: nothing is remembered of it.
        if (!isOwn(who)) operations.delete(who);
        const absoluteExpiresAtMs = command.absoluteMs === undefined ? undefined : nowMs + command.absoluteMs;
        const made: Life = {
          data: { who },
          version: 0,
          subject: isOwn(who) ? undefined : subjectOf(who),
          createdAtMs: nowMs,
          expiresAtMs: cap(command.idleMs === undefined ? Number.POSITIVE_INFINITY : nowMs + command.idleMs, {
            absoluteExpiresAtMs,
          }),
          idleTtlMs: command.idleMs,
          absoluteExpiresAtMs,
          quotas: new Map(command.quota > 0 ? [["units", BigInt(command.quota)]] : []),
        };
        lives.set(who, made);
        return see(made);
      }
      if (command.kind === "credit") return credit(command, life);
      if (command.kind === "rotate" && isOwn(who)) return "not played";
      if (life === undefined) return command.kind === "delete" ? false : command.kind === "get" ? null : "missing";
      switch (command.kind) {
        case "get":
          if (command.touch) touch(who, life);
          return see(life);
        case "touch":
          touch(who, life);
          return life.expiresAtMs - nowMs;
        case "rotate":
          return see(life);
        case "update":
          if (command.stale) return ["conflict", see(life)];
          life.data = { who, n: command.data };
          life.version += 1;
          return see(life);
        case "delete":
          if (command.stale) return false;
          lives.delete(who);
          return true;
        case "debit": {
          const has = life.quotas.get("units") ?? 0n;
          const op = command.op === undefined ? undefined : `debit ${command.op}`;
          if (op !== undefined && remember(who).done.has(op)) return ["ok", has, true];
          const left = has - BigInt(command.amount);
          if (left < 0n) return ["insufficient", has, false];
          life.quotas.set("units", left);
          if (op !== undefined) {
            note(who, op);
            prolong(who);
          }
          return ["ok", left, false];
        }
      }
    },
  };

  function credit(command: Extract<SessionCommand, { kind: "credit" }>, found: Life | undefined): Answer {
    const { who, extendMs, quota, createWith } = command;
    const op = `credit ${command.op}`;
    if (remember(who).done.has(op)) return found === undefined ? "missing" : ["ok", see(found), true];
    let life = found;
    if (life === undefined) {
      if (!createWith || !isOwn(who)) return "missing";
      if (extendMs === undefined) return "invalid";
      const fresh = {
        data: { who, bought: true },
        version: 0,
        subject: undefined,
        createdAtMs: nowMs,
        expiresAtMs: nowMs,
      };
      life = { ...fresh, idleTtlMs: undefined, absoluteExpiresAtMs: undefined, quotas: new Map() };
    }
    const expiresAtMs = Math.max(nowMs, life.expiresAtMs) + (extendMs ?? 0);
    if (life.absoluteExpiresAtMs !== undefined && expiresAtMs > life.absoluteExpiresAtMs) return "invalid";
    life.expiresAtMs = expiresAtMs;
    if (quota > 0) life.quotas.set("units", (life.quotas.get("units") ?? 0n) + BigInt(quota));
    lives.set(who, life);
    note(who, op);
    prolong(who);
    return ["ok", see(life), false];
  }
}

/** By their JSON: any fixed order will do. */
export function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** The store's present instant, as it says itself. */
export async function storeNowMs(bench: SessionBench): Promise<number> {
  const store = await bench.open();
  const { record } = await store.create({ data: 0, absoluteTtlMs: 1, idleTtlMs: 1 });
  return record.createdAtMs;
}
