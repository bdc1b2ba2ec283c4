// The transition update: only from the version that was seen.
import { expect, it } from "vitest";
import { type SessionState, sessionRecord } from "../session-state.ts";
import { updateSession } from "./update-session.ts";

const session: SessionState = {
  version: 3,
  createdAtMs: 1,
  expiresAtMs: 900,
  idleTtlMs: 10,
  absoluteExpiresAtMs: 1_000,
  quotas: new Map([["q", 1n]]),
  payload: "old",
  subject: { hash: "sub", payload: "alice" },
};

it("changes data and version and nothing else", () => {
  const after = { ...session, version: 4, payload: "new" };
  expect(updateSession([sessionRecord(session)], 50, { payload: "new", ifVersion: 3, maxValueBytes: 100 })).toEqual({
    writes: [sessionRecord(after)],
    reply: { status: "ok", session: after },
  });
});

it("writes nothing for another version or no session", () => {
  for (const ifVersion of [2, 4, 0, -3]) {
    const step = updateSession([sessionRecord(session)], 50, { payload: "new", ifVersion, maxValueBytes: 100 });
    expect(step).toEqual({ reply: { status: "conflict", session } });
  }
  expect(updateSession([null], 50, { payload: "new", ifVersion: 3, maxValueBytes: 100 })).toEqual({
    reply: { status: "missing" },
  });
});
