// Reads a session's record as the scripts write it: the layout is described in lua/record.lua.
import { corrupt, maxQuota, type SessionState } from "@tollbooth-stores/core/native";

const part = { wide: 1, idle: 2, absolute: 4, subject: 8, quotas: 16 };
const hashLength = 22;
/** So that no instant counted from now exceeds 2^53. A TTL is far below. */
const longestTtlMs = 2 ** 52;

/** The session in a record. Throws STORE_CORRUPT for a text that is none. */
export function decodeSession(raw: string): SessionState {
  const form = raw.charCodeAt(0);
  // NaN of an empty text, too.
  if (!(form < 32)) throw unreadable();
  const has = (which: number) => (form & which) !== 0;
  const size = has(part.wide) ? 8 : 4;
  let at = has(part.wide) ? 16 : 14;
  const next = (length: number) => {
    at += length;
    return number(raw, at - length, length);
  };
  const version = number(raw, 1, 7);
  const createdAtMs = number(raw, 8, at - 8);
  const expiresAtMs = createdAtMs + next(size);
  const idleTtlMs = has(part.idle) ? next(size) : undefined;
  const absoluteExpiresAtMs = has(part.absolute) ? createdAtMs + next(size) : undefined;
  // A version is never 0.
  if (version === 0 || expiresAtMs === createdAtMs || !Number.isSafeInteger(expiresAtMs)) throw unreadable();
  if ((idleTtlMs ?? 0) > longestTtlMs || !Number.isSafeInteger(absoluteExpiresAtMs ?? 0)) throw unreadable();
  const fixed = { version, createdAtMs, expiresAtMs, idleTtlMs, absoluteExpiresAtMs };
  if (!has(part.subject | part.quotas)) {
    if (at > raw.length) throw unreadable();
    return { ...fixed, payload: raw.slice(at) };
  }
  const bytes = Buffer.from(raw);
  const text = (length: number) => {
    at += length;
    if (at > bytes.length) throw unreadable();
    return bytes.toString("utf8", at - length, at);
  };
  const sized = (length: number) => text(number(text(length), 0, length));
  const subject = has(part.subject) ? { hash: text(hashLength), payload: sized(5) } : undefined;
  const quotas = has(part.quotas) ? decodeQuotas(sized(3)) : undefined;
  return { ...fixed, quotas, subject, payload: text(bytes.length - at) };
}

/** The quotas of a record. Throws STORE_CORRUPT. */
export function decodeQuotas(section: string): ReadonlyMap<string, bigint> {
  const quotas = new Map<string, bigint>();
  const bytes = Buffer.from(section);
  let at = 0;
  const text = (length: number) => {
    at += length;
    if (at > bytes.length) throw unreadable();
    return bytes.toString("utf8", at - length, at);
  };
  const sized = (length: number) => text(number(text(length), 0, length));
  while (at < bytes.length) {
    const [name, digits] = [sized(2), sized(1)];
    if (!/^\d{1,19}$/.test(digits)) throw unreadable();
    const amount = BigInt(digits);
    if (amount > maxQuota) throw unreadable();
    quotas.set(name, amount);
  }
  return quotas;
}

/** Characters of 7 bits, the lowest first. */
function number(raw: string, at: number, length: number): number {
  let value = 0;
  for (let index = at + length - 1; index >= at; index -= 1) {
    const digit = raw.charCodeAt(index);
    if (!(digit < 128)) throw unreadable();
    value = value * 128 + digit;
  }
  return value;
}

function unreadable(): Error {
  return corrupt("A stored session");
}
