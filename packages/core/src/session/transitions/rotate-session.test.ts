// The transition rotate: one live successor, the old one dead.
import { expect, it } from "vitest";
import { type SessionState, sessionRecord } from "../session-state.ts";
import { indexOf } from "../subject-index.test-support.ts";
import { rotateSession } from "./rotate-session.ts";

const session: SessionState = {
  version: 3,
  createdAtMs: 0,
  expiresAtMs: 500,
  idleTtlMs: 7,
  absoluteExpiresAtMs: 900,
  quotas: new Map([["q", 5n]]),
  payload: "data@old",
  subject: { hash: "sub", payload: "alice@old" },
};
const reencode = ({ subject }: SessionState) => ({
  payload: "data@new",
  subject: subject && { ...subject, payload: "alice@new" },
});
const move = { hash: "old", successorHash: "new", reencode };

it("writes the successor, deletes the old record and renames the index entry in one step", () => {
  const index = indexOf({ old: 500, other: 600, ended: 50 });
  const after = { ...session, payload: "data@new", subject: { hash: "sub", payload: "alice@new" } };
  expect(rotateSession([sessionRecord(session), null, index], 100, move)).toEqual({
    writes: [null, sessionRecord(after), indexOf({ other: 600, new: 500 })],
    reply: after,
  });
});

it("writes no index without a subject, and nothing for no session", () => {
  const { subject: _, ...anonymous } = session;
  expect(rotateSession([sessionRecord(anonymous), null, null], 100, move).writes?.[2]).toBeUndefined();
  expect(rotateSession([null, null, null], 100, move)).toEqual({ reply: null });
});
