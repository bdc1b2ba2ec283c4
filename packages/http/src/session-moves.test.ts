// A session that was moved in a request, and what reads it there afterwards.
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { sessionReader } from "./request-session.ts";
import { idAfter, sessionMovesOf } from "./session-moves.ts";

const { sessions } = createMemoryStores<object>();

test("a second reader of the request finds the session that the first one has moved", async () => {
  const id = (await sessions.create({ data: {}, idleTtlMs: 60_000 })).record.id;
  const [reader, teller] = [sessionReader({ sessions }), { requireTellable: () => undefined, tell: () => undefined }];
  const header = (name: string) => (name === "cookie" ? `__Host-session=${id}` : undefined);
  const moves = sessionMovesOf({});
  const first = await reader(header, teller, undefined, moves);
  expect(await first.session?.rotate()).toBe(true);
  expect((await reader(header, teller, undefined, moves)).session?.id).toBe(first.session?.id);
  expect((await reader(header, teller)).refused?.status).toBe(401);
});

test("the moves of two requests are apart", () => {
  const [one, other] = [{}, {}];
  sessionMovesOf(one).set("a", "b").set("b", "c");
  expect([one, other].map((request) => idAfter(sessionMovesOf(request), "a"))).toEqual(["c", "a"]);
});
