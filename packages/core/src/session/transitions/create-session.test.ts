// The transition create: one session, with its first expiry.
import { expect, it } from "vitest";
import { indexOf } from "../subject-index.test-support.ts";
import { createSession, firstExpiry } from "./create-session.ts";

const draft = { hash: "h", version: 7, payload: "text", idleTtlMs: 100 };

it("starts the session and its index entry in one step", () => {
  const subject = { hash: "sub", payload: "alice" };
  const { writes, reply } = createSession([null, null], 1_000, { ...draft, subject, absoluteTtlMs: 500 });
  expect(reply).toMatchObject({
    status: "ok",
    session: { createdAtMs: 1_000, expiresAtMs: 1_100, absoluteExpiresAtMs: 1_500 },
  });
  expect(writes).toEqual([expect.objectContaining({ endsAtMs: 1_100 }), indexOf({ h: 1_100 })]);
});

it("writes no index where there is no subject, not even a corrupt one", () => {
  const { writes } = createSession([null, { endsAtMs: 9, body: "corrupt" }], 0, draft);
  expect(writes?.[1]).toBeUndefined();
});

it("leaves an existing session alone, and refuses to overwrite a corrupt one", () => {
  const { writes } = createSession([null], 0, draft);
  expect(createSession([writes?.[0] ?? null], 1, draft)).toEqual({ reply: { status: "exists" } });
  const corrupt = { endsAtMs: 9, body: "corrupt" };
  expect(() => createSession([corrupt], 1, draft)).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
});

it("ends with whichever of the two TTLs is over first", () => {
  const of = (idleTtlMs?: number, absoluteTtlMs?: number) =>
    firstExpiry({ version: 1, payload: "", idleTtlMs, absoluteTtlMs }, 1_000);
  expect([of(5), of(undefined, 7), of(5, 7), of(7, 5)]).toEqual([1_005, 1_007, 1_005, 1_005]);
});
