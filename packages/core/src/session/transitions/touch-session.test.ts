// The transition touch: longer, never shorter, never past the deadline.
import fc from "fast-check";
import { expect, it } from "vitest";
import { withOperation } from "../applied-operations.ts";
import { type SessionState, sessionRecord, sessionState } from "../session-state.ts";
import { indexOf } from "../subject-index.test-support.ts";
import { touchAndGetSession, touchSession } from "./touch-session.ts";

const session: SessionState = { version: 3, createdAtMs: 0, expiresAtMs: 500, idleTtlMs: 400, payload: "text" };

it("moves session, operations and index together", () => {
  const owned: SessionState = { ...session, subject: { hash: "sub", payload: "alice" } };
  const operations = { ...withOperation(null, "op", 0, 0), endsAtMs: 510 };
  const index = indexOf({ h: 500 });
  const { writes, reply } = touchAndGetSession([sessionRecord(owned), operations, index], 200, { hash: "h" });
  expect(reply).toEqual({ ...owned, expiresAtMs: 600 });
  expect(writes).toEqual([
    sessionRecord({ ...owned, expiresAtMs: 600 }),
    { ...operations, endsAtMs: 600 },
    indexOf({ h: 600 }),
  ]);
});

it("writes nothing where the expiry stays, and nothing for no session", () => {
  expect(touchAndGetSession([sessionRecord(session)], 100, { hash: "h" })).toEqual({ reply: session });
  const { idleTtlMs: _, ...endless } = session;
  expect(touchAndGetSession([sessionRecord(endless)], 499, { hash: "h" }).writes).toBeUndefined();
  expect(touchAndGetSession([null, null, null], 0, { hash: "h" })).toEqual({ reply: null });
});

it("never shortens, never passes the absolute deadline, reaches now + idle otherwise, and changes nothing else", () => {
  const ms = fc.nat(1_000);
  fc.assert(
    fc.property(ms, ms, ms, fc.option(fc.nat(3_000)), (nowMs, idleTtlMs, left, spare) => {
      const expiresAtMs = nowMs + left;
      const absoluteExpiresAtMs = spare === null ? undefined : expiresAtMs + spare;
      const before: SessionState = { ...session, expiresAtMs, idleTtlMs, absoluteExpiresAtMs };
      const { writes, reply } = touchAndGetSession([sessionRecord(before), null, null], nowMs, { hash: "h" });
      const limit = absoluteExpiresAtMs ?? Number.POSITIVE_INFINITY;
      expect(reply).toEqual({ ...before, expiresAtMs: reply?.expiresAtMs });
      expect(reply?.expiresAtMs).toBeGreaterThanOrEqual(expiresAtMs);
      expect(reply?.expiresAtMs).toBeLessThanOrEqual(limit);
      expect(reply?.expiresAtMs).toBeGreaterThanOrEqual(Math.min(nowMs + idleTtlMs, limit));
      if (writes !== undefined) expect(sessionState(writes[0] ?? null)).toEqual(reply);
    }),
  );
});

it("writes the same where only the end is asked for", () => {
  const records = [sessionRecord(session), null, null];
  const { writes, reply } = touchAndGetSession(records, 300, { hash: "h" });
  expect(touchSession(records, 300, { hash: "h" })).toEqual({ writes, reply: reply?.expiresAtMs });
  expect(touchSession([null, null, null], 300, { hash: "h" })).toEqual({ reply: null });
});
