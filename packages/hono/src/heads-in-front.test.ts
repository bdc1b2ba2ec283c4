// Middleware in front of paid() answers while the handlers are at work, and nothing is charged: nothing that they have set goes with it.
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { setCookie } from "hono/cookie";
import { timeout } from "hono/timeout";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const answers: Record<string, (c: Context) => Response | Promise<Response> | undefined> = {
  text: (c) => c.text("slow", 504),
  json: (c) => c.json({ error: "slow" }, 504),
  html: (c) => c.html("slow", 504),
  newResponse: (c) => c.newResponse("slow", 504),
  redirect: (c) => c.redirect("/slow"),
  notFound: (c) => c.notFound(),
  "status, cookie and body": (c) => {
    c.status(504);
    setCookie(c, "late", "1");
    return c.body("slow");
  },
  "the headers that are there": (c) => new Response("slow", { status: 504, headers: c.res.headers }),
  "a header that it appends to": (c) => {
    c.header("x-goods", "none", { append: true });
    return c.text("slow", 504);
  },
};

const race =
  (answer: (c: Context) => unknown): MiddlewareHandler =>
  // What Hono makes of it: a response, or none.
  async (c, next) => {
    const answered = pause(10).then(() => answer(c));
    const first = await Promise.race([next(), answered]);
    return first instanceof Response ? first : undefined;
  };

const fronts: Record<string, MiddlewareHandler> = {
  "Hono's timeout()": timeout(10),
  ...Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, race(answer)])),
};

let cancelled = 0;
const goods = () =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("GOODS")),
      cancel() {
        cancelled += 1;
      },
    }),
    { headers: { "x-goods": "GOODS" } },
  );

const handlers: Record<string, (c: Context) => Promise<Response | undefined>> = {
  "c.header() and cookies": async (c) => {
    c.header("x-goods", "GOODS");
    c.header("content-type", "image/png");
    setCookie(c, "pass", "GOODS");
    await pause(25);
    return c.text("goods");
  },
  "c.res.headers": async (c) => {
    c.res.headers.set("x-goods", "GOODS");
    c.res.headers.append("set-cookie", "pass=GOODS");
    await pause(25);
    return c.text("goods");
  },
  "a response, before middleware behind paid() has finished": async (c) => {
    c.res = goods();
    await pause(25);
    return undefined;
  },
};

const cases = Object.keys(fronts).flatMap((front) => Object.keys(handlers).map((handler) => [front, handler] as const));

test.each(cases)("by %s, after the handler has set %s: nothing of it goes with the answer", async (front, handler) => {
  const gate = fakeGate();
  const app = new Hono<object>();
  app.use(async (c, next) => {
    c.header("x-front", "1");
    await next();
  });
  const [before, behind] = [fronts[front], handlers[handler]];
  if (before === undefined || behind === undefined) throw new Error("No such case.");
  cancelled = 0;
  app.use(before);
  app.use("/sold", paid(gate), async (c) => behind(c));
  const answer = await app.request("/sold", { headers: { payment: "one" } });
  const { status, headers } = answer;
  const text = await answer.text();
  await pause(25);
  expect([gate.charged, headers.get("x-front")]).toEqual([[], "1"]);
  expect(JSON.stringify([status, text, ...headers])).not.toContain("GOODS");
  expect([headers.get("content-type"), status]).not.toContain("image/png");
  expect(status).toBeGreaterThan(300);
  expect(headers.getSetCookie()).toEqual(front.includes("cookie") ? ["late=1; Path=/"] : []);
  if (behind === handlers["a response, before middleware behind paid() has finished"]) expect(cancelled).toBe(1);
});

test("what middleware in front sets while the handlers are at work goes with what is sold", async () => {
  const app = new Hono<object>();
  app.use(async (c, next) => {
    pause(5).then(() => {
      c.header("x-late", "1");
      c.status(504);
    });
    await next();
  });
  app.get("/sold", paid(fakeGate()), async (c) => {
    await pause(15);
    return c.text("goods");
  });
  const answer = await app.request("/sold", { headers: { payment: "one" } });
  expect([answer.status, answer.headers.get("x-late"), await answer.text()]).toEqual([200, "1", "goods"]);
});
