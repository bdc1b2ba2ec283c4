// The transition debit: never below zero, once for each opId.
import { expect, it } from "vitest";
import { rememberMs, withOperation } from "../applied-operations.ts";
import { type SessionState, sessionRecord } from "../session-state.ts";
import { debitSession } from "./debit-session.ts";

const session: SessionState = {
  version: 3,
  createdAtMs: 0,
  expiresAtMs: 500,
  payload: "text",
  quotas: new Map([
    ["q", 5n],
    ["r", 1n],
  ]),
};

it("spends to exactly zero and remembers the operation until the session's end or for 24 h", () => {
  const spend = { quota: "q", amount: 5n, operation: "op" };
  expect(debitSession([sessionRecord(session), null], 100, spend)).toEqual({
    writes: [
      sessionRecord({
        ...session,
        quotas: new Map([
          ["q", 0n],
          ["r", 1n],
        ]),
      }),
      withOperation(null, "op", 100, 0),
    ],
    reply: { status: "ok", remaining: 0n, replayed: false },
  });
  const long = { ...session, expiresAtMs: 9 * rememberMs };
  expect(debitSession([sessionRecord(long), null], 100, spend).writes?.[1]?.endsAtMs).toBe(9 * rememberMs);
});

it("writes nothing where it is not enough, a replay or no session", () => {
  const spend = { quota: "q", amount: 6n, operation: "op" };
  expect(debitSession([sessionRecord(session), null], 0, spend)).toEqual({
    reply: { status: "insufficient", remaining: 5n, replayed: false },
  });
  const known = withOperation(null, "op", 0, 0);
  expect(debitSession([sessionRecord(session), known], 0, { ...spend, amount: 1n })).toEqual({
    reply: { status: "ok", remaining: 5n, replayed: true },
  });
  expect(debitSession([null, known], 0, spend)).toEqual({ reply: { status: "missing" } });
});

it("does not look at operations without an opId", () => {
  const corrupt = { endsAtMs: 900, body: "corrupt" };
  const step = debitSession([sessionRecord(session), corrupt], 0, { quota: "r", amount: 1n });
  expect(step.reply).toEqual({ status: "ok", remaining: 0n, replayed: false });
  expect(step.writes?.[1]).toBeUndefined();
});
