// The transition of listing: the live sessions of one subject.
import { expect, it } from "vitest";
import { indexOf } from "../subject-index.test-support.ts";
import { listSubjectSessions } from "./list-subject-sessions.ts";

it("names the subject's live sessions and writes nothing", () => {
  const index = indexOf({ x: 600 }, "other", indexOf({ h1: 500, h2: 50 }));
  expect(listSubjectSessions([index], 50, { subjectHash: "sub" })).toEqual({ reply: { hashes: ["h1"] } });
  expect(listSubjectSessions([null], 50, { subjectHash: "sub" })).toEqual({ reply: { hashes: [] } });
});
