// The transition of listing: the live sessions of one subject.
import { expect, it } from "vitest";
import { listSubjectSessions } from "./list-subject-sessions.ts";

it("names the subject's live sessions and writes nothing", () => {
  const index = {
    endsAtMs: 600,
    body: [
      ["h1", "sub", 500],
      ["h2", "sub", 50],
      ["x", "other", 600],
    ],
  };
  expect(listSubjectSessions([index], 50, "sub")).toEqual({ reply: ["h1"] });
  expect(listSubjectSessions([null], 50, "sub")).toEqual({ reply: [] });
});
