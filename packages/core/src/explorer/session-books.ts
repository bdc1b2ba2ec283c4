// The expected sessions after the applied calls, in the plainest terms: no records, no index, no TTLs.
import { lineageOf, type SessionCall, type SessionReply } from "./session-program.ts";
import type { Applied } from "./world.ts";

export const idleTtlMs = 1_000;
/** From the session's creation on. */
export const absoluteTtlMs = 2_500;

/** One live session. */
export interface Entry {
  readonly quota: number;
  readonly version: number;
  readonly payload: string;
  readonly expiresAtMs: number;
  readonly deadlineMs?: number;
  readonly ofSubject: boolean;
}

export interface Books {
  /** By id. */
  readonly live: Readonly<Record<string, Entry>>;
  /** Issued ids that were deleted, rotated away or have expired. They must never be live again. */
  readonly dead: readonly string[];
  /** `<lineage> <op> <opId>` of each credit and debit that was applied. */
  readonly done: readonly string[];
  /** The first reply that contradicts the books. */
  readonly broken: string | null;
}

/** The first version of a session that a call creates. Updates add to it. */
export function firstVersion(call: SessionCall): number {
  return call.op === "credit" ? 1_000 * call.opId.charCodeAt(0) + 10 * call.opId.charCodeAt(1) : 1;
}

/** How many sessions deleteBySubject finds at once. */
export const listedAtOnce = 2;

/** A session created at `nowMs`. */
export function newEntry(nowMs: number): Entry {
  const lives = { expiresAtMs: nowMs + idleTtlMs, deadlineMs: nowMs + absoluteTtlMs, ofSubject: true };
  return { quota: 10, version: 1, payload: "new", ...lives };
}

/** The books after a call. */
export function booked(books: Books, { call, reply, nowMs }: Applied<SessionCall, SessionReply>): Books {
  const denies = (broken: string): Books => ({ ...books, broken: books.broken ?? broken });
  const { status } = reply;
  switch (call.op) {
    case "deleteListed": {
      const ids = Object.keys(books.live).filter((id) => books.live[id]?.ofSubject);
      if (status !== "ok") return books;
      const left = ids.filter((id) => !call.listed.includes(id));
      const unlisted = left.find((id) => !reply.listed?.includes(id));
      if (unlisted !== undefined && left.length <= listedAtOnce)
        return denies(`${unlisted} is live and was not listed`);
      return call.listed.filter((id) => ids.includes(id)).reduce(without, books);
    }
    case "create":
      return status === "ok" ? withEntry(books, call.id, newEntry(nowMs)) : books;
    default:
  }
  const entry = books.live[call.id];
  if (call.op === "credit" || call.op === "debit") return settled(books, call, entry, reply, nowMs);
  if ((entry === undefined) !== (status === "missing")) {
    return denies(
      entry === undefined ? `${call.id} is not live and was ${call.op}d` : `${call.id} is live and missing`,
    );
  }
  if (entry === undefined) return books;
  switch (call.op) {
    case "get":
      return books;
    case "touch": {
      const until = Math.min(nowMs + idleTtlMs, entry.deadlineMs ?? Number.POSITIVE_INFINITY);
      return withEntry(books, call.id, { ...entry, expiresAtMs: Math.max(entry.expiresAtMs, until) });
    }
    case "update": {
      if ((status === "ok") !== (call.ifVersion === entry.version))
        return denies("an update missed or ignored a conflict");
      if (status !== "ok") return books;
      return withEntry(books, call.id, { ...entry, version: entry.version + 1, payload: call.payload });
    }
    case "rotate":
      return withEntry(without(books, call.id), call.to, entry);
    case "delete":
      return without(books, call.id);
  }
}

/** Books a credit or debit: each counts once, by its opId. */
function settled(
  books: Books,
  call: Extract<SessionCall, { op: "credit" | "debit" }>,
  entry: Entry | undefined,
  reply: SessionReply,
  nowMs: number,
): Books {
  const denies = (broken: string): Books => ({ ...books, broken: books.broken ?? broken });
  const name = `${lineageOf(call.id)} ${call.op} ${call.opId}`;
  const replay = books.done.includes(name);
  const creates = call.op === "credit" && call.creates === true && entry === undefined && !replay;
  if ((entry === undefined && !creates) !== (reply.status === "missing"))
    return denies(`${call.op} found the wrong session`);
  if (entry === undefined && !creates) return books;
  if (replay) return reply.replayed === true ? books : denies(`${call.op} ${call.opId} was applied twice`);
  if (reply.replayed === true) return denies(`${call.op} ${call.opId} was never applied, and called a replay`);
  const base = entry ?? {
    quota: 0,
    version: firstVersion(call),
    payload: "bought",
    expiresAtMs: nowMs,
    ofSubject: false,
  };
  if (call.op === "debit") {
    if (base.quota < call.amount !== (reply.status === "insufficient"))
      return denies("a debit was wrong about the quota");
    if (reply.status === "insufficient") return books;
  }
  const extended = call.op === "credit" && call.extendMs !== undefined;
  const expiresAtMs = extended ? Math.max(nowMs, base.expiresAtMs) + (call.extendMs ?? 0) : base.expiresAtMs;
  if (extended && expiresAtMs > (base.deadlineMs ?? expiresAtMs)) {
    return reply.status === "refused" ? books : denies("a credit reached past the absolute deadline");
  }
  if (reply.status === "refused") return denies("a credit within the absolute deadline was refused");
  const done = [...books.done, name].sort();
  const quota = base.quota + (call.op === "credit" ? call.amount : -call.amount);
  return withEntry({ ...books, done }, call.id, { ...base, quota, expiresAtMs });
}

/** The books after time has passed. */
export function withoutExpired(books: Books, nowMs: number): Books {
  const expired = Object.keys(books.live).filter((id) => (books.live[id]?.expiresAtMs ?? 0) <= nowMs);
  return expired.reduce(without, books);
}

function withEntry(books: Books, id: string, entry: Entry): Books {
  return { ...books, live: { ...books.live, [id]: entry } };
}

function without(books: Books, id: string): Books {
  const { [id]: entry, ...live } = books.live;
  return { ...books, live, dead: entry?.ofSubject ? [...books.dead, id].sort() : books.dead };
}
