// The response behind paid(): the handlers' own headers, handlers that make none or make it late, and gates that fail.

import { type PaidGate, problem } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Context, Hono } from "hono";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";

const pay = { headers: { payment: "one" } };
const payment = { key: "one", signal: new AbortController().signal, fence: "1" };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const own = { "x-a": "handler", "set-cookie": "own=1" };
const handlers: Record<string, (c: Context) => Response> = {
  "a Response": () => new Response("made", { headers: own }),
  "c.text": (c) => c.text("made", 200, own),
  "c.header and c.text": (c) => {
    c.header("x-a", "handler");
    c.header("set-cookie", "own=1", { append: true });
    return c.text("made");
  },
};
const fronts: Record<string, (c: Context) => void> = {
  "c.header": (c) => {
    c.header("x-a", "front");
    c.header("x-front", "front");
    c.header("set-cookie", "visitor=7", { append: true });
  },
  "c.res": (c) => {
    c.res.headers.set("x-a", "front");
    c.res.headers.set("x-front", "front");
    c.res.headers.append("set-cookie", "visitor=7");
  },
};
const each = Object.keys(handlers).flatMap((handler) => Object.keys(fronts).map((front) => [handler, front]));

test.each(each)("the headers and cookies of %s win over those that were set by %s before", async (handler, front) => {
  const app = new Hono();
  app.use(async (c, next) => {
    fronts[front ?? ""]?.(c);
    await next();
  });
  app.get("/sold", paid(fakeGate()), handlers[handler ?? ""] ?? (() => new Response()));
  const { status, headers } = await app.request("/sold", pay);
  expect([status, headers.get("x-a"), headers.get("x-front")]).toEqual([200, "handler", "front"]);
  expect(headers.getSetCookie().sort()).toEqual(["own=1", "visitor=7"]);
});

test.each(["text", { quote: 42 }])(
  "a handler that returns %j, as JavaScript's may, is an error, and not charged",
  async (made) => {
    const gate = fakeGate();
    const app = new Hono().onError((error, c) => c.text(error.message, 500));
    app.get("/sold", paid(gate), async () => made as never);
    const answer = await app.request("/sold", pay);
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining("must return a Response")]);
    expect(gate.charged).toEqual([]);
  },
);

test("a handler that returns nothing is an error for onError, and not charged", async () => {
  const gate = fakeGate();
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.get("/sold", paid(gate), async (c) => {
    c.json({ quote: 42 });
    return undefined as never;
  });
  const answer = await app.request("/sold", pay);
  expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining("returned no response")]);
  expect(gate.charged).toEqual([]);
});

test("a handler that takes its response back, or says that there is one, is an error too", async () => {
  const gate = fakeGate();
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.get("/sold", paid(gate), async (c, next) => {
    c.res = new Response("made");
    c.res = undefined;
    await next();
  });
  app.get("/sold/said", paid(gate), async (c) => {
    c.finalized = true;
    return undefined as never;
  });
  for (const path of ["/sold", "/sold/said"]) expect((await app.request(path, pay)).status).toBe(500);
  expect(gate.charged).toEqual([]);
});

const nothing = async () => undefined as never;
/** Hono wraps the handlers of an application with an onError of its own, and takes their response from `c.res`: an empty one if need be. */
const wrapped: Record<string, (app: Hono, gate: PaidGate, sub: Hono) => unknown> = {
  "of an application": (app, gate, sub) => app.route("/", sub.get("/sold", paid(gate), nothing)),
  "of an application behind paid()": (app, gate, sub) => app.use(paid(gate)).route("/", sub.get("/sold", nothing)),
  "of an application within another": (app, gate, sub) => {
    const within = new Hono().onError((_error, c) => c.text("within", 500));
    app.route("/", sub.route("/", within.get("/sold", paid(gate), nothing)));
  },
  "behind middleware that reads the response": (app, gate, sub) => {
    sub.use(paid(gate)).use(async (c, next) => {
      c.res.headers.set("x-a", "before");
      await next();
      c.res.headers.set("x-a", "after");
    });
    app.route("/", sub.get("/sold", nothing));
  },
};

test.each(Object.entries(wrapped))(
  "a handler %s with an onError that returns nothing is an error too",
  async (_whose, add) => {
    const gate = fakeGate();
    const app = new Hono();
    add(
      app,
      gate,
      new Hono().onError((error, c) => c.text(error.message, 500)),
    );
    const answer = await app.request("/sold", pay);
    expect([answer.status, gate.charged]).toEqual([500, []]);
  },
);

test("a handler of an application with an onError sells what it makes, an empty body too", async () => {
  const gate = fakeGate();
  const sub = new Hono().onError((error, c) => c.text(error.message, 500));
  sub.get("/sold", paid(gate), (c) => {
    c.res.headers.set("x-a", "handler");
    return c.body(null);
  });
  const answer = await new Hono().route("/", sub).request("/sold", pay);
  expect([answer.status, answer.headers.get("x-a"), gate.charged]).toEqual([200, "handler", ["one"]]);
});

const late: Record<string, (c: Context) => Response | Promise<Response>> = {
  answers: (c) => c.text("the goods", 200, own),
  "sets the response": (c) => {
    c.res = new Response("the goods", { headers: own });
    return c.res;
  },
  "sets headers": (c) => {
    c.header("x-a", "handler");
    c.res.headers.append("set-cookie", "own=1");
    return c.text("the goods");
  },
  "reads the response": async (c) => new Response(`the goods, not ${await c.res.text()}`),
  throws: () => {
    throw new Error("Too late.");
  },
};

test.each(Object.entries(late))("a handler that %s after its gate has given up changes nothing", async (_how, then) => {
  let end: (made: unknown) => void = () => undefined;
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  let giveUp: () => void = () => undefined;
  const givenUp = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  const gate: PaidGate = {
    async handle(_context, _body, serve) {
      serve(payment).then(end, end);
      // The handler has begun by then.
      await pause(1);
      // It waits for this answer, and not for a time of its own: a busy machine could run it first.
      setTimeout(giveUp, 10);
      return problem(504, "handler_timeout", "Too late.");
    },
  };
  const app = new Hono().onError((_error, c) => c.text("broken", 500));
  app.use(async (_c, next) => {
    await next();
    await ended;
  });
  app.get("/sold", paid(gate), async (c) => {
    await givenUp;
    return then(c);
  });
  const answer = await app.request("/sold");
  expect([answer.status, await answer.json()]).toMatchObject([504, { error: "handler_timeout" }]);
  expect([answer.headers.get("x-a"), answer.headers.getSetCookie()]).toEqual([null, []]);
  expect(await ended).toBeInstanceOf(Error);
});

test.each([200, 500] as const)("onError is asked once for an error that it answers with %s", async (status) => {
  const gate = fakeGate();
  let times = 0;
  const app = new Hono().onError((_error, c) => {
    times += 1;
    return c.text("sorry", status);
  });
  app.use(async (c, next) => {
    c.res.headers.set("x-front", "front");
    await next();
  });
  app.get("/sold", paid(gate), () => {
    throw new Error("Broken.");
  });
  const answer = await app.request("/sold", pay);
  expect([answer.status, await answer.text(), answer.headers.get("x-front")]).toEqual([status, "sorry", "front"]);
  expect([times, gate.charged]).toEqual([1, []]);
});

test("what middleware behind paid() makes of an error is neither sold nor given away", async () => {
  const gate = fakeGate();
  const app = new Hono().onError((_error, c) => c.text("sorry"));
  app.use(paid(gate)).use(async (c, next) => {
    await next();
    if (c.error !== undefined) c.res = new Response("the goods of yesterday");
  });
  app.get("/sold", () => {
    throw new Error("Broken.");
  });
  expect(await (await app.request("/sold", pay)).text()).toBe("sorry");
  expect(gate.charged).toEqual([]);
});

test("free access leaves the response to its handlers, as without paid()", async () => {
  const app = new Hono().use(async (c, next) => {
    c.header("x-a", "front");
    await next();
  });
  app.get(
    "/free",
    paid({ handle: async () => undefined }),
    () => new Response("free", { headers: { "x-a": "handler" } }),
  );
  const answer = await app.request("/free");
  expect([await answer.text(), answer.headers.get("x-a")]).toEqual(["free", "handler"]);
});
