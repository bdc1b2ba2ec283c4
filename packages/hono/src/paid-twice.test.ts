// paid() more than once in a request, applications inside others, and answers that break off while they stream.

import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";
import { session } from "./session.ts";

const pay = { headers: { payment: "one" } };

test("paid() of one gate in front of all and on a route sells once", async () => {
  const gate = fakeGate();
  const app = new Hono().use(paid(gate)).get("/sold", paid(gate), (c) => c.text("made"));
  const answer = await app.request("/sold", pay);
  expect([answer.status, await answer.text(), gate.asked.length, gate.charged]).toEqual([200, "made", 1, ["one"]]);
  expect((await app.request("/sold")).status).toBe(402);
});

test("paid() of two gates that both sell a request is refused with words, and not charged", async () => {
  const [outer, inner] = [fakeGate(), fakeGate()];
  const app = new Hono().use(paid(outer)).get("/sold", paid(inner), (c) => c.text("made"));
  app.onError((error, c) => c.text(error.message, 500));
  const answer = await app.request("/sold", pay);
  expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining("Two gates")]);
  expect([outer.charged, inner.charged, inner.asked]).toEqual([[], [], []]);
});

test("an application under app.mount that is sold opens no session", async () => {
  const { sessions } = createMemoryStores<object>();
  const inner = new Hono();
  inner.onError((error, c) => c.text(error.message, 500));
  inner.post("/pass", session({ sessions, required: false }), async (c) => {
    await c.var.session.open({ data: {}, idleTtlMs: 60_000 });
    return c.text("opened");
  });
  const app = new Hono().use(paid(fakeGate())).mount("/sold", inner.fetch).mount("/free", inner.fetch);
  const sold = await app.request("/sold/pass", { method: "POST", ...pay });
  expect([sold.status, await sold.text()]).toEqual([500, expect.stringContaining("cannot change the session")]);
  expect((await app.request("/free/pass", { method: "POST" })).status).toBe(200);
});

test("a stream that errs is not sold", async () => {
  async function* rows() {
    yield "one row";
    throw new Error("The database has gone.");
  }
  /** As the README shows it. */
  const streamOf = (parts: AsyncIterator<string>) =>
    new ReadableStream({
      async pull(stream) {
        const { done, value } = await parts.next(); // what it throws breaks the body off
        if (done) stream.close();
        else stream.enqueue(new TextEncoder().encode(value));
      },
    });
  const gate = fakeGate();
  const app = new Hono().get("/sold", paid(gate), (c) => c.body(streamOf(rows())));
  app.onError((_error, c) => c.text("broken", 500));
  expect([(await app.request("/sold", pay)).status, gate.charged]).toEqual([500, []]);
});

test("a header that the answer has of its own stays, whatever was set before", async () => {
  const app = new Hono();
  app.use(async (c, next) => {
    c.header("cache-control", "set before");
    await next();
  });
  app.get(
    "/sold",
    paid({ handle: async () => ({ status: 402, headers: { "cache-control": "own" }, body: new Uint8Array() }) }),
  );
  expect((await app.request("/sold")).headers.get("cache-control")).toBe("own");
});

test("paid() without a gate is refused when it is made, with words", () => {
  for (const given of [[], [undefined, { unsold: "pass" }]]) {
    expect(() => Reflect.apply(paid, undefined, given)).toThrow("was given no gate");
  }
});
