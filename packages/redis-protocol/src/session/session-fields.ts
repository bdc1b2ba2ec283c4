// A session and a subject index in the form of script arguments and replies: text and numbers in a fixed order.
import type { StoredRecord } from "@tollbooth-stores/core";
import { type SessionState, sessionRecord, sessionState, subjectIndex } from "@tollbooth-stores/core/native";
import { type ReplyReader, replyReader } from "../scripts/reading.ts";

/** Their number (-1: none were given), then names and decimal digits in turn. */
export function quotaArguments(quotas: ReadonlyMap<string, bigint> | undefined): (string | number)[] {
  if (quotas === undefined) return [-1];
  return [quotas.size, ...Array.from(quotas, ([name, amount]) => [name, String(amount)]).flat()];
}

/** A session, read in the order in which the script's `fields` writes it. */
export function sessionOf(reply: ReplyReader): SessionState {
  const version = reply.integer();
  const createdAtMs = reply.integer();
  const expiresAtMs = reply.integer();
  const idleTtlMs = reply.optionalInteger();
  const absoluteExpiresAtMs = reply.optionalInteger();
  const payload = reply.text();
  const subjectHash = reply.text();
  const subjectPayload = reply.text();
  const count = reply.integer();
  const quotas =
    count < 0 ? undefined : new Map(Array.from({ length: count }, () => [reply.text(), BigInt(reply.text())]));
  const subject = subjectHash === "" ? undefined : { hash: subjectHash, payload: subjectPayload };
  return { version, createdAtMs, expiresAtMs, idleTtlMs, absoluteExpiresAtMs, quotas, payload, subject };
}

function sessionArguments(session: SessionState): (string | number)[] {
  return [
    session.version,
    session.createdAtMs,
    session.expiresAtMs,
    session.idleTtlMs ?? "",
    session.absoluteExpiresAtMs ?? "",
    session.payload,
    session.subject?.hash ?? "",
    session.subject?.payload ?? "",
    ...quotaArguments(session.quotas),
  ];
}

export type RecordKind = "session" | "index";

/** The kind of record at a key of core's session store. */
export function kindOf(key: string): RecordKind {
  return key.endsWith("}:i") ? "index" : "session";
}

/**
 * A record from the script's `read`. One that the script cannot read gets a body that no transition can read either.
 */
export function recordOf(kind: RecordKind, found: unknown, nowMs: number): StoredRecord | null {
  if (found === "!") return { endsAtMs: nowMs + 1, body: null };
  if (!Array.isArray(found)) return null;
  const reply = replyReader(found);
  if (kind === "session") return sessionRecord(sessionOf(reply));
  const members = Array.from(
    { length: found.length / 3 },
    () => [reply.text(), reply.text(), reply.integer()] as const,
  );
  return { endsAtMs: members.reduce((latest, [, , endsAtMs]) => Math.max(latest, endsAtMs), 0), body: members };
}

/** A record as arguments of the script's `swap`. */
export function recordArguments(kind: RecordKind, record: StoredRecord): (string | number)[] {
  if (kind === "index") {
    const members = [...subjectIndex(record)];
    return [
      members.length,
      ...members.flatMap(([hash, { subjectHash, expiresAtMs }]) => [hash, subjectHash, expiresAtMs]),
    ];
  }
  const session = sessionState(record);
  return session === null ? [] : sessionArguments(session);
}
