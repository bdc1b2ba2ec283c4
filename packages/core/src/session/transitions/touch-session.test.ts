// The transition touch: longer, never shorter, never past the deadline.
import fc from "fast-check";
import { expect, it } from "vitest";
import { type SessionState, sessionRecord, sessionState } from "../session-state.ts";
import { touchSession } from "./touch-session.ts";

const session: SessionState = { version: 3, createdAtMs: 0, expiresAtMs: 500, idleTtlMs: 400, payload: "text" };

it("moves session, operations and index together", () => {
  const owned: SessionState = { ...session, subject: { hash: "sub", payload: "alice" } };
  const operations = { endsAtMs: 510, body: ["op"] };
  const index = { endsAtMs: 500, body: [["h", "sub", 500]] };
  const { writes, reply } = touchSession([sessionRecord(owned), operations, index], 200, { hash: "h" });
  expect(reply).toEqual({ ...owned, expiresAtMs: 600 });
  expect(writes).toEqual([
    sessionRecord({ ...owned, expiresAtMs: 600 }),
    { endsAtMs: 600, body: ["op"] },
    { endsAtMs: 600, body: [["h", "sub", 600]] },
  ]);
});

it("writes nothing where the expiry stays, and nothing for no session", () => {
  expect(touchSession([sessionRecord(session)], 100, { hash: "h" })).toEqual({ reply: session });
  const { idleTtlMs: _, ...endless } = session;
  expect(touchSession([sessionRecord(endless)], 499, { hash: "h" }).writes).toBeUndefined();
  expect(touchSession([null, null, null], 0, { hash: "h" })).toEqual({ reply: null });
});

it("never shortens, never passes the absolute deadline, reaches now + idle otherwise, and changes nothing else", () => {
  const ms = fc.nat(1_000);
  fc.assert(
    fc.property(ms, ms, ms, fc.option(fc.nat(3_000)), (nowMs, idleTtlMs, left, spare) => {
      const expiresAtMs = nowMs + left;
      const absoluteExpiresAtMs = spare === null ? undefined : expiresAtMs + spare;
      const before: SessionState = { ...session, expiresAtMs, idleTtlMs, absoluteExpiresAtMs };
      const { writes, reply } = touchSession([sessionRecord(before), null, null], nowMs, { hash: "h" });
      const limit = absoluteExpiresAtMs ?? Number.POSITIVE_INFINITY;
      expect(reply).toEqual({ ...before, expiresAtMs: reply?.expiresAtMs });
      expect(reply?.expiresAtMs).toBeGreaterThanOrEqual(expiresAtMs);
      expect(reply?.expiresAtMs).toBeLessThanOrEqual(limit);
      expect(reply?.expiresAtMs).toBeGreaterThanOrEqual(Math.min(nowMs + idleTtlMs, limit));
      if (writes !== undefined) expect(sessionState(writes[0] ?? null)).toEqual(reply);
    }),
  );
});
