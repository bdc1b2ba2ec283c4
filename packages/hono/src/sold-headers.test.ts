// The headers of what paid() sells, in process and through @hono/node-server, whose Response keeps the Headers that it is given.
import type { PaidGate } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { type Context, Hono } from "hono";
import { setCookie } from "hono/cookie";
import { describe, expect, test } from "vitest";
import { asker, bothWays } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";
import { sellSession } from "./session.ts";

const pay = { headers: { payment: "one" } };
const payment = { key: "one", signal: new AbortController().signal, fence: "1" };

const handlers: Record<string, (c: Context) => Response | Promise<Response>> = {
  "c.json": (c) => c.json({ a: 1 }),
  "c.html": (c) => c.html("<p>"),
  "c.redirect": (c) => c.redirect("/elsewhere"),
  "c.header": (c) => {
    c.header("x-own", "1");
    c.header("link", "<a>");
    c.header("link", "<b>", { append: true });
    return c.text("made");
  },
  "c.header and a Response": (c) => {
    c.header("x-own", "1");
    return c.newResponse("made", { headers: { "content-type": "image/png" } });
  },
  "c.header after c.res": (c) => {
    c.res.headers.set("x-res", "1");
    c.header("x-own", "1");
    return c.text("made");
  },
  setCookie: (c) => {
    setCookie(c, "a", "1", { expires: new Date("2031-01-01") });
    setCookie(c, "b", "2");
    return c.json({});
  },
  "a Response": () => new Response("made", { headers: { "content-type": "image/png", "x-own": "1" } }),
  "a stream": (c) => c.body(new Blob(["made"]).stream(), 201, { "content-type": "image/png" }),
};
const fronts: Record<string, (c: Context) => void> = {
  nothing: () => undefined,
  "c.header": (c) => c.header("x-front", "front"),
  "c.res": (c) => c.res.headers.set("x-front", "front"),
};
const each = Object.keys(handlers).flatMap((handler) => Object.keys(fronts).map((front) => [handler, front]));

/** The connection's own, the sale's, and that in front: Hono itself loses it beside some answers. */
const others = ["x-front", "connection", "content-length", "date", "keep-alive", "receipt", "transfer-encoding"];
async function told(answer: Response) {
  const headers = [...answer.headers].filter(([name]) => !others.includes(name));
  return { status: answer.status, headers, body: await answer.text() };
}

describe.each(bothWays)("by %s", (way) => {
  test.each(each)("what %s answers is told as without paid(), where %s is set in front", async (handler, front) => {
    const app = new Hono().use(async (c, next) => {
      fronts[front ?? ""]?.(c);
      await next();
    });
    const answer = handlers[handler ?? ""] ?? (() => new Response());
    app.get("/bare", answer).get("/sold", paid(fakeGate()), answer);
    const ask = await asker(app, way);
    const sold = await ask("/sold", pay);
    expect(sold.headers.get("x-front")).toBe(front === "nothing" ? null : "front");
    expect(await told(sold)).toEqual(await told(await ask("/bare")));
  });

  test("the gate hears of a Settlement-Overrides that the handler sets", async () => {
    const heard: (string | undefined)[] = [];
    const gate: PaidGate = {
      async handle(_context, _body, serve) {
        const answer = await serve(payment);
        heard.push(answer.headers["settlement-overrides"], answer.headers["content-type"]);
        return answer;
      },
    };
    const app = new Hono().get("/sold", paid(gate), (c) => {
      c.header("Settlement-Overrides", '{"amount":"5000"}');
      return c.json({});
    });
    await (await asker(app, way))("/sold");
    expect(heard).toEqual(['{"amount":"5000"}', "application/json"]);
  });

  test("a gate that fails once the answer is made tells none of its headers", async () => {
    const gate: PaidGate = {
      async handle(_context, _body, serve) {
        await serve(payment);
        throw new Error("The gate is broken.");
      },
    };
    const app = new Hono().onError((error, c) => c.text(error.message, 500));
    app.use(async (c, next) => {
      c.header("x-front", "front");
      await next();
    });
    app.get("/sold", paid(gate), (c) => {
      c.header("x-own", "1");
      setCookie(c, "a", "1");
      return c.json({}, 200, { "x-a": "1" });
    });
    const answer = await (await asker(app, way))("/sold");
    expect([answer.status, await answer.text(), answer.headers.get("x-front")]).toEqual([
      500,
      "The gate is broken.",
      "front",
    ]);
    expect(["x-own", "x-a"].map((name) => answer.headers.get(name))).toEqual([null, null]);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test.each([200, 500])(
    "Headers that the application holds for every answer, here of %i, stay its own",
    async (status) => {
      const own = new Headers({ "x-own": "1" });
      const app = new Hono().onError(() => new Response("sorry", { status, headers: own }));
      app.use(async (c, next) => {
        c.header("set-cookie", "visitor=7");
        await next();
      });
      app.get("/sold", paid(fakeGate()), (c) => {
        if (c.req.query("works") === undefined) throw new Error("Broken.");
        return new Response("made", { headers: own });
      });
      const ask = await asker(app, way);
      for (const path of ["/sold", "/sold?works"]) {
        const { headers } = await ask(path, pay);
        expect([headers.get("x-own"), headers.getSetCookie()]).toEqual(["1", ["visitor=7"]]);
      }
      expect([...own]).toEqual([["x-own", "1"]]);
    },
  );

  test("a sold session is told by its cookie", async () => {
    const { sessions } = createMemoryStores<object>();
    const gate = fakeGate();
    const options = { gate, sessions, secret: "s".repeat(32), grant: { extendMs: 60_000 }, data: () => ({}) };
    const app = new Hono().post("/sold", paid(gate), sellSession(options));
    const answer = await (await asker(app, way))("/sold", { method: "POST", ...pay });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([201, "application/json"]);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringContaining("__Host-session=")]);
  });
});
