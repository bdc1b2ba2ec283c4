// Requests that no handler behind paid() answers, whatever middleware there does with Hono's empty response: nothing is sold.
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { logger } from "hono/logger";
import { timing } from "hono/timing";
import { expect, test } from "vitest";
import { asker, bothWays } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";

const copy = (c: Context) => {
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("x-copy", "1");
};
const after =
  (then: (c: Context) => unknown): MiddlewareHandler =>
  async (c, next) => {
    await next();
    await then(c);
  };

const middleware: Record<string, MiddlewareHandler> = {
  "copies it first": async (c, next) => {
    copy(c);
    await next();
  },
  "copies it last": after(copy),
  "copies it first and last": async (c, next) => {
    copy(c);
    await next();
    copy(c);
  },
  "copies its headers": after((c) => {
    c.header("x-a", "1");
    c.res = new Response(null, { status: c.res.status, headers: c.res.headers });
  }),
  "clones it": after((c) => {
    c.res = c.res.clone();
  }),
  "adds to its text": after(async (c) => {
    c.res = new Response(`${await c.res.text()} and a footer`, c.res);
  }),
  "returns a copy": async (c, next) => {
    await next();
    return new Response(c.res.body, c.res);
  },
  "returns its text": async (c, next) => {
    await next();
    return new Response(`[${await c.res.text()}]`);
  },
  "returns it": async (c, next) => {
    await next();
    return c.res;
  },
  "sets a header before and after": async (c, next) => {
    c.header("x-a", "1");
    c.res.headers.set("x-b", "1");
    await next();
    c.header("x-c", "1");
    c.res.headers.set("x-d", "1");
  },
  "swallows errors and copies it": async (c, next) => {
    await next().catch(() => undefined);
    copy(c);
  },
  "is of Hono": async (c, next) => {
    const all = [etag(), compress({ threshold: 0 }), timing(), logger(() => undefined)];
    await all.reduceRight<() => Promise<void>>((inner, one) => async () => void (await one(c, inner)), next)();
  },
};

const nothing = async () => undefined as never;
const shops: Record<string, (app: Hono, one: MiddlewareHandler) => unknown> = {
  "no route": (app, one) => app.use(one),
  "a handler that returns nothing": (app, one) => app.use(one).get("/sold", nothing),
  "a handler that throws what is no Error": (app, one) =>
    app.use(one).get("/sold", () => {
      throw "broken";
    }),
  "a mounted application that returns nothing": (app, one) => app.use(one).mount("/sold", nothing),
  "an application with an onError of its own": (app, one) => {
    const sub = new Hono().onError((error, c) => c.text(error.message, 500));
    return app.route("/", sub.use(one).get("/sold", nothing));
  },
};
const cases = bothWays.flatMap((way) =>
  Object.keys(shops).flatMap((of) => Object.keys(middleware).map((how) => ({ way, of, how }))),
);

test.each(cases)("by $way, of $of, where middleware $how, nothing is charged", async ({ way, of, how }) => {
  const gate = fakeGate();
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.use(async (c, next) => {
    // Hono's onError hears only of an Error.
    await next().catch(() => c.body("broken", 500));
  });
  app.use(paid(gate));
  shops[of]?.(app, middleware[how] ?? nothing);
  const ask = await asker(app, way);
  const answer = await ask("/sold", { headers: { payment: "one" } });
  expect(gate.charged).toEqual([]);
  expect(answer.status).toBeGreaterThanOrEqual(400);
});

const changes = Object.entries(middleware).filter(([how]) => !/return|swallow/.test(how));
test.each(bothWays.flatMap((way) => changes.map(([how, one]) => ({ way, how, one }))))(
  "by $way, what a handler answers is sold where middleware $how",
  async ({ way, how, one }) => {
    const gate = fakeGate();
    const app = new Hono()
      .use(paid(gate))
      .use(one)
      .get("/sold", (c) => c.text("the goods"));
    const answer = await (await asker(app, way))("/sold", { headers: { payment: "one" } });
    const isEmptied = how === "copies its headers";
    expect([answer.status, await answer.text()]).toEqual([
      200,
      isEmptied ? "" : `the goods${how === "adds to its text" ? " and a footer" : ""}`,
    ]);
    expect([gate.charged, answer.headers.get("x-copy")]).toEqual([["one"], how.startsWith("copies it ") ? "1" : null]);
  },
);

test.each(bothWays)(
  "by %s, an empty answer that a handler returns is sold, though others have looked before",
  async (way) => {
    const gate = fakeGate();
    const app = new Hono().use(paid(gate)).use(async (c, next) => {
      c.res.headers.set("x-a", "1");
      await next();
    });
    app.get("/sold", (c) => c.body(null));
    app.get("/sold/looked", async (c) => c.text(`made, not ${c.res.status}`));
    const ask = await asker(app, way);
    expect((await ask("/sold", { headers: { payment: "one" } })).headers.get("x-a")).toBe("1");
    expect(await (await ask("/sold/looked", { headers: { payment: "two" } })).text()).toBe("made, not 200");
    expect(gate.charged).toEqual(["one", "two"]);
  },
);

const looksFirst: MiddlewareHandler = async (c, next) => {
  expect([c.res.status, c.res.ok, c.res.clone().status]).toEqual([200, true, 200]);
  await next();
};

test.each<[string, string, MiddlewareHandler]>([
  [
    "assigns",
    "goods",
    async (c) => {
      c.res = new Response("goods");
    },
  ],
  [
    "assigns and returns",
    "goods",
    async (c) => {
      c.res = new Response("goods");
      return c.res;
    },
  ],
  [
    "makes after it cloned the empty one",
    "goods",
    async (c) => {
      c.res.clone();
      return c.text("goods");
    },
  ],
  ["returns without a body", "", async (c) => c.body(null)],
])(
  "what a handler %s is sold, though middleware has looked at the empty response before",
  async (_how, goods, serve) => {
    for (const way of bothWays) {
      const gate = fakeGate();
      const app = new Hono().use(paid(gate)).use(looksFirst);
      app.get("/sold", serve);
      const answer = await (await asker(app, way))("/sold", { headers: { payment: "one" } });
      expect([answer.status, await answer.text(), gate.charged]).toEqual([200, goods, ["one"]]);
    }
  },
);
