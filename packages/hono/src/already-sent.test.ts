// Handlers behind paid() that write to Node's response themselves: nothing leaves before it is paid for.
import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { asker } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";

type Node = { Bindings: { incoming: unknown; outgoing: ServerResponse } };

const pay = { headers: { payment: "one" } };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** As much of Node's response as is looked at. */
function sendable() {
  const send = () => void Object.assign(response, { headersSent: true });
  const response = { headersSent: false, writeHead: send, end: send };
  return response;
}

function shop() {
  const gate = fakeGate();
  const errors: Error[] = [];
  const app = new Hono<Node>().onError((error, c) => {
    errors.push(error);
    return c.text("sorry", 500);
  });
  return { app, gate, errors };
}

test("a handler that writes to c.env.outgoing is refused before a byte has left, and not charged", async () => {
  const { app, gate, errors } = shop();
  let isSeenInFront = false;
  app.use(async (c, next) => {
    await next();
    isSeenInFront = c.env.outgoing.headersSent === false;
  });
  app.get("/sold", paid(gate), async (c) => {
    await pause(1);
    c.env.outgoing.writeHead(200).end("the goods");
    return RESPONSE_ALREADY_SENT;
  });
  const ask = await asker(app, "serve()");
  const answer = await ask("/sold", pay);
  expect([answer.status, await answer.text(), isSeenInFront]).toEqual([500, "sorry", true]);
  expect([gate.charged, errors]).toEqual([[], [expect.any(TypeError)]]);
  expect(errors[0]?.message).toContain("c.env.outgoing");
});

test("a server that keeps its bindings under c.env.server is no way round, and a copy of them has no response", async () => {
  const { app, gate, errors } = shop();
  const server = { own: "own", outgoing: sendable() };
  app.get("/sold/:how", paid(gate), (c) => {
    const bindings = Object(c.env).server;
    if (c.req.param("how") === "copy") return c.json({ ...bindings });
    bindings.outgoing.end();
    return c.text("the goods");
  });
  expect((await app.request("/sold/write", pay, { server })).status).toBe(500);
  expect([server.outgoing.headersSent, gate.charged, errors]).toEqual([false, [], [expect.any(TypeError)]]);
  expect(await (await app.request("/sold/copy", pay, { server })).json()).toEqual({ own: "own" });
});

test.each([
  ["says that it was sent", () => RESPONSE_ALREADY_SENT],
  ["answers as if it were not", () => new Response("the goods")],
])(
  "Node's response, kept from before, is not charged for where the handler writes to it and %s",
  async (_how, answer) => {
    const { app, gate, errors } = shop();
    const outgoing = sendable();
    app.get("/sold", paid(gate), () => {
      outgoing.end();
      return answer();
    });
    expect((await app.request("/sold", pay, { outgoing })).status).toBe(500);
    expect([gate.charged, errors]).toEqual([[], [expect.any(TypeError)]]);
  },
);

test("a response that middleware in front has begun is an error, and nothing is asked", async () => {
  const { app, gate, errors } = shop();
  app.get("/sold", paid(gate), (c) => c.text("the goods"));
  const outgoing = sendable();
  outgoing.end();
  expect((await app.request("/sold", pay, { outgoing })).status).toBe(500);
  expect([gate.asked, errors]).toEqual([[], [expect.any(TypeError)]]);
});

test("a response that says it was sent is not charged, whatever server it is on", async () => {
  const { app, gate, errors } = shop();
  app.get("/sold", paid(gate), () => RESPONSE_ALREADY_SENT);
  expect((await app.request("/sold", pay)).status).toBe(500);
  expect([gate.charged, errors[0]?.message]).toEqual([[], expect.stringContaining("already sent")]);
});

test("a binding of another server that has the same name is the handler's as ever", async () => {
  const { app, gate } = shop();
  app.get("/sold", paid(gate), (c) => c.json(c.env.outgoing));
  expect(await (await app.request("/sold", pay, { outgoing: { queue: "mail" } })).json()).toEqual({ queue: "mail" });
});

test("a handler may call another shop with its own bindings, whose handlers are refused as well", async () => {
  const { app, gate, errors } = shop();
  const other = new Hono<Node>().onError((error, c) => c.text(error.message));
  other.get("/sold/answers", paid(fakeGate()), (c) => c.text("of another"));
  other.get("/sold/writes", paid(fakeGate()), (c) => {
    c.env.outgoing.end("the goods");
    return RESPONSE_ALREADY_SENT;
  });
  app.get("/sold/:how", paid(gate), (c) => other.request(`/sold/${c.req.param("how")}`, pay, c.env));
  const outgoing = sendable();
  expect(await (await app.request("/sold/answers", pay, { outgoing })).text()).toBe("of another");
  const refused = await app.request("/sold/writes", { headers: { payment: "two" } }, { outgoing });
  expect(await refused.text()).toContain("c.env.outgoing");
  expect([outgoing.headersSent, errors]).toEqual([false, []]);
});

test("what is not sold writes to Node's response as without paid()", async () => {
  const { app, gate } = shop();
  app.get("/free", paid(gate, { unsold: "pass" }), (c) => {
    c.env.outgoing.writeHead(200).end("free");
    return RESPONSE_ALREADY_SENT;
  });
  expect(await (await (await asker(app, "serve()"))("/free")).text()).toBe("free");
});
