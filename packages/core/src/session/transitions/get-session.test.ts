// The transition get: what is there, and nothing else.
import { expect, it } from "vitest";
import { getSession } from "./get-session.ts";

it("answers the session and writes nothing", () => {
  expect(getSession([null])).toEqual({ reply: null });
  const body = { version: 1, createdAtMs: 0, payload: "text" };
  expect(getSession([{ endsAtMs: 5, body }])).toEqual({ reply: { ...body, expiresAtMs: 5 } });
});
