// A failure behind spend() on Hono: its call is given back before the answer is made, whatever was thrown and whatever onError answers.
import { createMemoryStores } from "@tollbooth-stores/memory";
import { type Handler, Hono } from "hono";
import { expect, test } from "vitest";
import { session, spend } from "./session.ts";

async function shop(handler: Handler, status: 200 | 404 = 200) {
  const { sessions } = createMemoryStores<object>();
  const { record } = await sessions.create({ data: {}, idleTtlMs: 60_000, quotas: { calls: 2n } });
  const slow: typeof sessions = {
    ...sessions,
    async credit(...call) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return sessions.credit(...call);
    },
  };
  const app = new Hono().onError((_, c) => c.text("handled", status));
  app.get("/mine", session({ sessions: slow, bearer: true }), spend("calls", { header: "x-calls-left" }), handler);
  const ask = async () => app.request("/mine", { headers: { authorization: `Bearer ${record.id}` } });
  return { ask, callsLeft: async () => (await sessions.get(record.id))?.quotas?.calls };
}

test.each([200, 404] as const)("an error that onError answers with %i used no call", async (status) => {
  const { ask, callsLeft } = await shop(() => Promise.reject(new Error("Broken.")), status);
  const answer = await ask();
  expect([answer.status, answer.headers.get("x-calls-left"), await callsLeft()]).toEqual([status, null, 2n]);
});

test("a thrown value that is no Error used no call", async () => {
  const { ask, callsLeft } = await shop(() => Promise.reject("broken"));
  await expect(ask()).rejects.toBe("broken");
  expect(await callsLeft()).toBe(2n);
});

test("a refusal of the handler's own used its call", async () => {
  const { ask, callsLeft } = await shop((c) => c.text("No such thing.", 404));
  const answer = await ask();
  expect([answer.status, answer.headers.get("x-calls-left"), await callsLeft()]).toEqual([404, "1", 1n]);
});

test("spend() without session() before it runs no handler", async () => {
  let runs = 0;
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.get("/mine", spend("calls"), (c) => {
    runs += 1;
    return c.text("given away");
  });
  const answer = await app.request("/mine");
  expect([answer.status, await answer.text(), runs]).toEqual([500, "spend() needs session() before it.", 0]);
});
