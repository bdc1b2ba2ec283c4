// A sale that fails, in its handler or in its gate: the answer that is sent, and that no listener or late header remains.
import { getEventListeners } from "node:events";
import type { PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { asker, bothWays } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};

const payment = { key: "one", fence: "1", signal: new AbortController().signal };

test.each(bothWays)(
  "by %s, onError's failure is sent as middleware behind paid() has changed it, and onError is asked once",
  async (way) => {
    const gate = fakeGate();
    const asked: string[] = [];
    const app = new Hono().onError((error, c) => {
      asked.push(error.message);
      return c.text("failed", 500);
    });
    app.use(paid(gate)).use(async (c, next) => {
      await next();
      c.res = new Response(`${await c.res.text()}, sorry`, c.res);
    });
    app.get("/sold", () => {
      throw new Error("broken");
    });
    const answer = await (await asker(app, way))("/sold", { headers: { payment: "one" } });
    expect([answer.status, await answer.text()]).toEqual([500, "failed, sorry"]);
    expect([asked, gate.charged]).toEqual([["broken"], []]);
  },
);

test.each(bothWays)(
  "by %s, a gate that fails after a handler is answered by onError for its own failure",
  async (way) => {
    const handle: PaidGate["handle"] = async (_context, _body, serve) => {
      await serve(payment).catch(() => undefined);
      throw new Error("The store has failed.");
    };
    const app = new Hono().onError((error, c) => c.text(error.message, error.message === "broken" ? 200 : 503));
    app.get("/sold", paid({ handle }), () => {
      throw new Error("broken");
    });
    const answer = await (await asker(app, way))("/sold");
    expect([answer.status, await answer.text()]).toEqual([503, "The store has failed."]);
  },
);

test.each(bothWays.flatMap((way) => [[way, "before", 0] as const, [way, "after", 40] as const]))(
  "by %s, a handler that ends %s onError, when its gate has failed, adds nothing to onError's answer",
  async (way, _when, endsAfter) => {
    const handle: PaidGate["handle"] = async (_context, _body, serve) => {
      serve(payment).catch(() => undefined);
      await turns(1);
      throw new Error("The store has failed.");
    };
    const app = new Hono().onError(async (error, c) => {
      await turns(20);
      return c.text(error.message, 503);
    });
    app.get("/sold", paid({ handle }), async (c) => {
      await turns(5);
      c.header("x-late", "goods");
      c.header("set-cookie", "goods=1");
      await turns(endsAfter);
      return c.text("given away", 200, { "x-goods": "given away" });
    });
    const answer = await (await asker(app, way))("/sold");
    expect([answer.status, await answer.text()]).toEqual([503, "The store has failed."]);
    expect(["x-early", "x-late", "set-cookie", "x-goods"].map((name) => answer.headers.get(name))).toEqual([
      null,
      null,
      null,
      null,
    ]);
  },
);

test("the signal of a request keeps no listener of a sale, sold or failed", async () => {
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.use(paid(fakeGate()));
  app.get("/sold", (c) => c.text("made"));
  app.get("/sold/broken", () => {
    throw new Error("broken");
  });
  for (const path of ["/sold", "/sold/broken"]) {
    const request = new Request(`http://shop${path}`, { headers: { payment: path } });
    await (await app.request(request)).text();
    expect([path, getEventListeners(request.signal, "abort").length]).toEqual([path, 0]);
  }
});
