// Transition: spends from a quota, never below zero.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { isApplied, withOperation } from "../applied-operations.ts";
import { sessionRecord, sessionState } from "../session-state.ts";

export interface DebitArguments {
  readonly quota: string;
  /** 1..2^63-1. */
  readonly amount: bigint;
  /** `operationHash` of the opId, if there is one. */
  readonly operation?: string | undefined;
}

export type DebitReply =
  | { status: "ok" | "insufficient"; remaining: bigint; replayed: boolean }
  | { status: "missing" };

/** Records: session, operations. A quota that the session does not have is 0. Only a successful debit is remembered. */
export function debitSession(
  [found = null, operations = null]: readonly (StoredRecord | null)[],
  nowMs: number,
  { quota, amount, operation }: DebitArguments,
): Step<DebitReply> {
  const session = sessionState(found);
  if (session === null) return { reply: { status: "missing" } };
  const held = session.quotas?.get(quota) ?? 0n;
  if (operation !== undefined && isApplied(operations, operation)) {
    return { reply: { status: "ok", remaining: held, replayed: true } };
  }
  if (held < amount) return { reply: { status: "insufficient", remaining: held, replayed: false } };
  const remaining = held - amount;
  return {
    writes: [
      sessionRecord({ ...session, quotas: new Map(session.quotas).set(quota, remaining) }),
      operation === undefined ? undefined : withOperation(operations, operation, nowMs, session.expiresAtMs),
    ],
    reply: { status: "ok", remaining, replayed: false },
  };
}
