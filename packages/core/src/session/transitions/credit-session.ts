// Transition: adds paid time and paid quota, once per operation.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { invalidArgument, type StoreError } from "../../errors.ts";
import { isApplied, withOperation } from "../applied-operations.ts";
import { requireRoom } from "../quota-bounds.ts";
import { maxQuota, type SessionState, sessionRecord, sessionState } from "../session-state.ts";
import { recordWithMember } from "../subject-index.ts";
import { begun, firstExpiry, type SessionDraft } from "./create-session.ts";

/** The latest instant that a JavaScript Date can name. */
const latestInstantMs = 8_640_000_000_000_000;

export interface CreditArguments {
  /** The session's hash: its name in the index. */
  readonly hash: string;
  /** `operationHash` of the opId. */
  readonly operation: string;
  readonly extendMs?: number | undefined;
  /** Amounts above 0. */
  readonly quotas?: ReadonlyMap<string, bigint> | undefined;
  /** For data and quotas together, where a quota is added. */
  readonly maxValueBytes: number;
  /** Makes a session where there is none. */
  readonly createWith?: SessionDraft | undefined;
}

/** "ok" comes with what the session has now. */
export type CreditReply =
  | { status: "ok"; expiresAtMs: number; quotas: ReadonlyMap<string, bigint> | undefined; replayed: boolean }
  | { status: "missing" };

/**
 * Records: session, operations, subject index. A replay changes nothing and answers the current state. Past the
 * absolute deadline or past 2^63 - 1 it throws STORE_INVALID_ARGUMENT, with a quota too many STORE_VALUE_TOO_LARGE,
 * changing and remembering nothing.
 */
export function creditSession(
  [found = null, operations = null, index = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  grant: CreditArguments,
): Step<CreditReply> {
  const before = sessionState(found);
  if (isApplied(operations, grant.operation)) {
    if (before === null) return { reply: { status: "missing" } };
    return { reply: creditReply(before, true) };
  }
  const base = before ?? (grant.createWith && bought(grant.createWith, grant.extendMs, nowMs));
  if (base === undefined) return { reply: { status: "missing" } };
  const session: SessionState = {
    ...base,
    expiresAtMs: creditedExpiry(base, grant.extendMs, nowMs),
    quotas: creditedQuotas(base, grant),
  };
  const { subject, expiresAtMs } = session;
  return {
    writes: [
      sessionRecord(session),
      withOperation(operations, grant.operation, nowMs, expiresAtMs),
      subject === undefined || grant.extendMs === undefined
        ? undefined
        : recordWithMember(index, nowMs, { subjectHash: subject.hash, hash: grant.hash, endsAtMs: expiresAtMs }),
    ],
    reply: creditReply(session, false),
  };
}

function creditReply({ expiresAtMs, quotas }: SessionState, replayed: boolean): CreditReply {
  return { status: "ok", expiresAtMs, quotas, replayed };
}

/** The error for a credit past the deadline. */
export function creditPastDeadline(): StoreError {
  return invalidArgument(
    "extendMs reaches past the session's absolute deadline (absoluteTtlMs) or the last date; nothing was credited.",
  );
}

/** The error for a credit past 2^63 - 1. */
export function quotaTooLarge(): StoreError {
  return invalidArgument("A quota would pass 2^63 - 1; nothing was credited.");
}

/** A new session before its first credit. Where time is bought it has no time of its own, whatever its idle TTL. */
function bought(draft: SessionDraft, extendMs: number | undefined, nowMs: number): SessionState {
  return { ...begun(draft, nowMs), expiresAtMs: extendMs === undefined ? firstExpiry(draft, nowMs) : nowMs };
}

function creditedExpiry(session: SessionState, extendMs: number | undefined, nowMs: number): number {
  if (extendMs === undefined) return session.expiresAtMs;
  const expiresAtMs = Math.max(nowMs, session.expiresAtMs) + extendMs;
  if (expiresAtMs > (session.absoluteExpiresAtMs ?? latestInstantMs)) {
    throw creditPastDeadline();
  }
  return expiresAtMs;
}

function creditedQuotas(
  { quotas: held, payload }: SessionState,
  { quotas: added, maxValueBytes }: CreditArguments,
): ReadonlyMap<string, bigint> | undefined {
  if (added === undefined) return held;
  const quotas = new Map(held);
  for (const [name, amount] of added) {
    const sum = (quotas.get(name) ?? 0n) + amount;
    if (sum > maxQuota) throw quotaTooLarge();
    quotas.set(name, sum);
  }
  if (quotas.size > (held?.size ?? 0)) requireRoom(payload, quotas, maxValueBytes);
  return quotas;
}
