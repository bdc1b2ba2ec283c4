// The transition of deleteBySubject: deletes what was listed and is still there, and lists the next.
import { expect, it } from "vitest";
import { indexOf } from "../subject-index.test-support.ts";
import { deleteSubjectSessions } from "./delete-subject-sessions.ts";

const others = indexOf({ x: 600 }, "other");
const index = indexOf({ h1: 500, h2: 600, h3: 50 }, "sub", others);
const record = { endsAtMs: 500, body: "not looked at" };

it("lists first, as many as are asked for, and writes nothing", () => {
  const request = { subjectHash: "sub", listed: [] };
  expect(deleteSubjectSessions([index], 100, { ...request, limit: 9 })).toEqual({
    reply: { deleted: 0, next: ["h1", "h2"] },
  });
  expect(deleteSubjectSessions([index], 100, { ...request, limit: 1 }).reply.next).toHaveLength(1);
  expect(deleteSubjectSessions([null], 100, { ...request, limit: 9 })).toEqual({ reply: { deleted: 0, next: [] } });
});

it("deletes what was listed, counts what was live, and leaves other subjects in the index", () => {
  const request = { subjectHash: "sub", listed: ["h1", "h2"], limit: 9 };
  expect(deleteSubjectSessions([index, record, null], 100, request)).toEqual({
    writes: [others, null, null],
    reply: { deleted: 1, next: [] },
  });
});

it("lists what joined meanwhile, and leaves alone what has left the index", () => {
  const request = { subjectHash: "sub", listed: ["h1", "rotated"], limit: 9 };
  expect(deleteSubjectSessions([index, record, record], 100, request)).toEqual({
    writes: [indexOf({ h2: 600 }, "sub", others), null, undefined],
    reply: { deleted: 1, next: ["h2"] },
  });
});

it("leaves the excepted session and its index entry", () => {
  const request = { subjectHash: "sub", listed: ["h1"], exceptHash: "h2", limit: 9 };
  expect(deleteSubjectSessions([index, record], 100, request)).toEqual({
    writes: [indexOf({ h2: 600 }, "sub", others), null],
    reply: { deleted: 1, next: [] },
  });
});
