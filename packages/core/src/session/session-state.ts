// A stored session: the content of its record, checked at every read.
import type { StoredRecord } from "../atomic-port.ts";
import { StoreError } from "../errors.ts";

/** 2^63 - 1: the most a quota can hold. */
export const maxQuota = 9_223_372_036_854_775_807n;

/** A session as the transitions see it: `data` and `subject` are texts that only the codec can read. */
export interface SessionState {
  readonly version: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly idleTtlMs?: number | undefined;
  readonly absoluteExpiresAtMs?: number | undefined;
  readonly quotas?: ReadonlyMap<string, bigint> | undefined;
  /** The codec's text of `data`. */
  readonly payload: string;
  readonly subject?: SessionSubject | undefined;
}

export interface SessionSubject {
  /** The pseudonym, as in the subject index. */
  readonly hash: string;
  /** The codec's text of the subject, so that encryption covers it. */
  readonly payload: string;
}

/** The error for an unreadable record. The record is kept. */
export function corrupt(what: string): StoreError {
  return new StoreError(
    "STORE_CORRUPT",
    `${what} cannot be read and was kept; check the codec option and its keys, and that nothing else writes under keyPrefix.`,
  );
}

/** The record of a session. It ends when the session does. */
export function sessionRecord(state: SessionState): StoredRecord {
  return {
    endsAtMs: state.expiresAtMs,
    body: {
      version: state.version,
      createdAtMs: state.createdAtMs,
      ...(state.idleTtlMs === undefined ? {} : { idleTtlMs: state.idleTtlMs }),
      ...(state.absoluteExpiresAtMs === undefined ? {} : { absoluteExpiresAtMs: state.absoluteExpiresAtMs }),
      ...(state.quotas === undefined ? {} : { quotas: Array.from(state.quotas, ([name, left]) => [name, `${left}`]) }),
      ...(state.subject === undefined ? {} : { subject: [state.subject.hash, state.subject.payload] }),
      payload: state.payload,
    },
  };
}

/** The session in a live record; null without a record. Throws STORE_CORRUPT for a record that is no session. */
export function sessionState(record: StoredRecord | null): SessionState | null {
  if (record === null) return null;
  const { body, endsAtMs } = record;
  if (!isObject(body)) throw corrupt("A stored session");
  const { version, createdAtMs, payload } = body;
  if (!isInteger(endsAtMs) || !isInteger(version) || !isInteger(createdAtMs) || typeof payload !== "string") {
    throw corrupt("A stored session");
  }
  return {
    version,
    createdAtMs,
    expiresAtMs: endsAtMs,
    idleTtlMs: optionalInteger(body.idleTtlMs),
    absoluteExpiresAtMs: optionalInteger(body.absoluteExpiresAtMs),
    quotas: optionalQuotas(body.quotas),
    payload,
    subject: optionalSubject(body.subject),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function optionalInteger(value: unknown): number | undefined {
  if (value === undefined || isInteger(value)) return value;
  throw corrupt("A stored session");
}

function optionalQuotas(value: unknown): Map<string, bigint> | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw corrupt("A stored session");
  const quotas = new Map<string, bigint>();
  for (const entry of value) {
    const [name, left]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof name !== "string" || typeof left !== "string" || !/^\d{1,19}$/.test(left) || BigInt(left) > maxQuota) {
      throw corrupt("A stored session");
    }
    quotas.set(name, BigInt(left));
  }
  return quotas;
}

function optionalSubject(value: unknown): SessionSubject | undefined {
  if (value === undefined) return undefined;
  const [hash, payload]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof hash !== "string" || typeof payload !== "string") throw corrupt("A stored session");
  return { hash, payload };
}
