// The transition credit: time and quota once for each opId.
import { expect, it } from "vitest";
import { withOperation } from "../applied-operations.ts";
import { type SessionState, sessionRecord, sessionState } from "../session-state.ts";
import { recordWithMember } from "../subject-index.ts";
import { creditSession } from "./credit-session.ts";

const session: SessionState = {
  version: 3,
  createdAtMs: 0,
  expiresAtMs: 500,
  payload: "text",
  subject: { hash: "sub", payload: "alice" },
};
const grant = { hash: "h", operation: "op1", maxValueBytes: 1_000 };

it("adds to the expiry, remembers the operation and moves the index, version and data unchanged", () => {
  const { writes, reply } = creditSession([sessionRecord(session), null, null], 100, { ...grant, extendMs: 50 });
  const after = { ...session, expiresAtMs: 550 };
  expect(reply).toEqual({ status: "ok", expiresAtMs: 550, quotas: undefined, replayed: false });
  expect(writes).toEqual([
    sessionRecord(after),
    withOperation(null, "op1", 100, 0),
    recordWithMember(null, 100, { subjectHash: "sub", hash: "h", endsAtMs: 550 }),
  ]);
});

it("leaves expiry and index alone where only quota is credited", () => {
  const quotas = new Map([["q", 2n]]);
  const held = {
    ...session,
    quotas: new Map([
      ["q", 1n],
      ["r", 5n],
    ]),
  };
  const { writes, reply } = creditSession([sessionRecord(held), null, null], 100, { ...grant, quotas });
  expect(reply).toMatchObject({
    expiresAtMs: 500,
    quotas: new Map([
      ["q", 3n],
      ["r", 5n],
    ]),
  });
  expect(writes?.[2]).toBeUndefined();
});

it("writes nothing for a replay, a session gone, or a stranger without createWith", () => {
  const known = withOperation(null, "op1", 0, 0);
  const paid = { ...grant, extendMs: 50 };
  const createWith = { version: 1, payload: "new" };
  expect(creditSession([sessionRecord(session), known], 100, paid)).toEqual({
    reply: { status: "ok", expiresAtMs: 500, quotas: undefined, replayed: true },
  });
  expect(creditSession([null, known], 100, { ...paid, createWith })).toEqual({ reply: { status: "missing" } });
  expect(creditSession([null, null], 100, paid)).toEqual({ reply: { status: "missing" } });
});

it("gives a session it creates the time that was paid for, whatever its idle TTL", () => {
  const createWith = { version: 9, payload: "new", idleTtlMs: 10_000, absoluteTtlMs: 20_000 };
  const { writes } = creditSession([null, null], 100, { ...grant, extendMs: 50, createWith });
  expect(sessionState(writes?.[0] ?? null)).toMatchObject({
    ...{ version: 9, createdAtMs: 100, expiresAtMs: 150, idleTtlMs: 10_000, absoluteExpiresAtMs: 20_100 },
  });
  const unpaid = creditSession([null, null], 100, { ...grant, quotas: new Map([["q", 1n]]), createWith });
  expect(unpaid.reply).toMatchObject({ expiresAtMs: 10_100 });
});

it("throws at one past the absolute deadline, 2^63 - 1 or the last date, and not before", () => {
  const invalid = expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" });
  const credit = (state: SessionState, extendMs?: number, amount?: bigint) =>
    creditSession([sessionRecord(state)], 100, {
      ...grant,
      extendMs,
      quotas: amount === undefined ? undefined : new Map([["q", amount]]),
    }).reply.status;
  const bounded = { ...session, absoluteExpiresAtMs: 600, quotas: new Map([["q", 1n]]) };
  expect(credit(bounded, 100)).toBe("ok");
  expect(() => credit(bounded, 101)).toThrow(invalid);
  expect(credit(bounded, undefined, 2n ** 63n - 2n)).toBe("ok");
  expect(() => credit(bounded, undefined, 2n ** 63n - 1n)).toThrow(invalid);
  const late = { ...session, expiresAtMs: 8_640_000_000_000_000 - 1 };
  expect(credit(late, 1)).toBe("ok");
  expect(() => credit(late, 2)).toThrow(invalid);
});
