// The transition of deleteBySubject: all that was listed, or nothing.
import { expect, it } from "vitest";
import { deleteSubjectSessions } from "./delete-subject-sessions.ts";

const index = {
  endsAtMs: 600,
  body: [
    ["h1", "sub", 500],
    ["h2", "sub", 600],
    ["h3", "sub", 50],
    ["x", "other", 600],
  ],
};
const record = { endsAtMs: 500, body: "not looked at" };

it("deletes what was listed, counts what was live, and leaves other subjects in the index", () => {
  expect(deleteSubjectSessions([index, record, null], 100, { subjectHash: "sub", listed: ["h1", "h2"] })).toEqual({
    writes: [{ endsAtMs: 600, body: [["x", "other", 600]] }, null, null],
    reply: { status: "ok", deleted: 1 },
  });
});

it("does nothing where the subject has a live session that was not listed", () => {
  expect(deleteSubjectSessions([index, record], 100, { subjectHash: "sub", listed: ["h1"] })).toEqual({
    reply: { status: "again" },
  });
});

it("leaves the excepted session and its index entry", () => {
  const request = { subjectHash: "sub", listed: ["h1"], exceptHash: "h2" };
  expect(deleteSubjectSessions([index, record], 100, request)).toEqual({
    writes: [
      {
        endsAtMs: 600,
        body: [
          ["h2", "sub", 600],
          ["x", "other", 600],
        ],
      },
      null,
    ],
    reply: { status: "ok", deleted: 1 },
  });
});
