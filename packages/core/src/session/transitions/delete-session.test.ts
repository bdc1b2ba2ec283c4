// The transition delete: gone, also from the index.
import { expect, it } from "vitest";
import { type SessionState, sessionRecord } from "../session-state.ts";
import { indexOf } from "../subject-index.test-support.ts";
import { deleteSession } from "./delete-session.ts";

const session: SessionState = { version: 3, createdAtMs: 0, expiresAtMs: 500, payload: "text" };
const owned: SessionState = { ...session, subject: { hash: "sub", payload: "alice" } };

it("removes the session and its index entry in one step", () => {
  const index = indexOf({ h: 500, other: 600 });
  expect(deleteSession([sessionRecord(owned), index], 100, { hash: "h" })).toEqual({
    writes: [null, indexOf({ other: 600 })],
    reply: true,
  });
  expect(deleteSession([sessionRecord(session), null], 100, { hash: "h" })).toEqual({
    writes: [null, undefined],
    reply: true,
  });
});

it("changes nothing for another version or no session", () => {
  expect(deleteSession([sessionRecord(session)], 0, { hash: "h", ifVersion: 4 })).toEqual({ reply: false });
  expect(deleteSession([null], 0, { hash: "h" })).toEqual({ reply: false });
  expect(deleteSession([sessionRecord(session)], 0, { hash: "h", ifVersion: 3 }).reply).toBe(true);
});
