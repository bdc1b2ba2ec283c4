// What handlers stream: cancelled where the sale is over, read already or not; and not sold where it breaks.
import { type PaidGate, problem } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { Hono } from "hono";
import { expect, test, vi } from "vitest";
import { paid } from "./paid.ts";

function stalled() {
  const cancel = vi.fn();
  const pull = vi.fn(() => new Promise<void>(() => undefined));
  const isRead = () => expect.poll(() => pull.mock.calls.length, { interval: 5 }).toBe(1);
  return { response: () => new Response(new ReadableStream({ pull, cancel }, { highWaterMark: 0 })), cancel, isRead };
}

/** Gives up on the handlers once `isTooLate`, as a gate with `handlerTimeoutMs` does. */
function impatient(isTooLate: () => Promise<void>): { gate: PaidGate; made: Promise<unknown>[] } {
  const made: Promise<unknown>[] = [];
  const gate: PaidGate = {
    async handle(_context, _body, serve) {
      const time = new AbortController();
      made.push(serve({ key: "one", fence: "1", signal: time.signal }).catch((error: unknown) => error));
      await isTooLate();
      time.abort(new Error("Too slow."));
      return problem(504, "handler_timeout", "Too slow.");
    },
  };
  return { gate, made };
}

test("a body that stalls is cancelled when the gate's time for it is over", async () => {
  const { response, cancel, isRead } = stalled();
  const { gate, made } = impatient(isRead);
  const app = new Hono().get("/sold", paid(gate), response);
  expect((await app.request("/sold")).status).toBe(504);
  expect(String(await made[0])).toContain("Too slow.");
  expect(cancel).toHaveBeenCalledTimes(1);
});

test("a body that stalls is cancelled when the client leaves, and served at the next try", async () => {
  const { response, cancel, isRead } = stalled();
  const gate = fakeGate();
  let stalls = true;
  const app = new Hono().get("/sold", paid(gate), (c) => (stalls ? response() : c.text("whole")));
  const client = new AbortController();
  app.onError((error, c) => c.text(error.message, 500));
  const answered = app.request("/sold", { headers: { payment: "one" }, signal: client.signal });
  await isRead();
  client.abort(new Error("The client has left."));
  expect(await (await answered).text()).toBe("The client has left.");
  expect([cancel.mock.calls.length, gate.charged]).toEqual([1, []]);
  stalls = false;
  expect(await (await app.request("/sold", { headers: { payment: "one" } })).text()).toBe("whole");
});

test("a body that a handler answers with after the gate has given up is cancelled unread", async () => {
  const { response, cancel } = stalled();
  const { gate, made } = impatient(async () => undefined);
  let answer = () => {};
  const isTime = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const app = new Hono().get("/sold", paid(gate), async () => {
    await isTime;
    return response();
  });
  expect((await app.request("/sold")).status).toBe(504);
  answer();
  await made[0];
  expect(cancel).toHaveBeenCalledTimes(1);
});

test("an answer whose stream breaks is not charged, and served at the next try", async () => {
  const gate = fakeGate();
  let isBroken = true;
  const app = new Hono()
    .onError((_, c) => c.text("sorry"))
    .get("/sold", paid(gate), (c) => {
      const body = new ReadableStream({
        start(stream) {
          stream.enqueue(new TextEncoder().encode("half of it"));
          if (isBroken) stream.error(new Error("Broken off."));
          else stream.close();
        },
      });
      return c.body(body);
    });
  expect([await (await app.request("/sold", { headers: { payment: "one" } })).text(), gate.charged]).toEqual([
    "sorry",
    [],
  ]);
  isBroken = false;
  expect([await (await app.request("/sold", { headers: { payment: "one" } })).text(), gate.charged]).toEqual([
    "half of it",
    ["one"],
  ]);
});
