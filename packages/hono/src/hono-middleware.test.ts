// Hono's own middleware and helpers behind paid(): each answer is sold once, whole, and told again as it was.
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { html } from "hono/html";
import { methodOverride } from "hono/method-override";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { timeout } from "hono/timeout";
import { timing } from "hono/timing";
import { expect, test } from "vitest";
import { asker } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";

type Handler = (c: Context) => Response | Promise<Response>;
const text: Handler = (c) => c.text("the goods");
const broken: Handler = () => {
  throw new Error("broken");
};
const behind =
  (...list: MiddlewareHandler[]) =>
  (app: Hono, handler: Handler) =>
    app.use(...list).get("/sold", handler);

const mounts: Record<string, (app: Hono, handler: Handler) => unknown> = {
  "compress()": behind(compress({ threshold: 0 })),
  "cors()": behind(cors()),
  "etag()": behind(etag()),
  "secureHeaders()": behind(secureHeaders()),
  "timing()": behind(timing()),
  "timeout()": behind(timeout(5_000)),
  "bodyLimit()": behind(bodyLimit({ maxSize: 100 })),
  "every() of two": behind(every(etag(), cors())),
  "bearerAuth()": behind(bearerAuth({ token: "right" })),
  "methodOverride()": (app, handler) => behind(methodOverride({ app }))(app, handler),
  "route() and basePath()": (app, handler) => app.route("/", new Hono().basePath("/sold").get("/", handler)),
  "mount()": (app, handler) => app.mount("/sold", new Hono().get("/", handler).fetch),
};
const answers: Record<string, [handler: Handler, whole: string]> = {
  "html()": [(c) => c.html(html`<p>${Promise.resolve("the goods")}</p>`), "<p>the goods</p>"],
  "streamSSE()": [
    (c) => streamSSE(c, (out) => out.writeSSE({ data: "the goods", event: "sold" })),
    "event: sold\ndata: the goods\n\n",
  ],
  "streamText()": [
    (c) =>
      streamText(c, async (out) => {
        for (const piece of ["the ", "goods"]) await out.write(piece);
      }),
    "the goods",
  ],
  "stream()": [
    (c) =>
      stream(c, async (out) => {
        await out.sleep(1);
        await out.write(new TextEncoder().encode("the goods"));
      }),
    "the goods",
  ],
};
type Case = [string, (app: Hono, handler: Handler) => unknown, Handler, string];
const cases: Case[] = [
  ...Object.entries(mounts).map(([name, mount]): Case => [name, mount, text, "the goods"]),
  ...Object.entries(answers).map(([name, [handler, whole]]): Case => [name, behind(compress()), handler, whole]),
];
const withAuth = (payment: string) => ({ headers: { payment, authorization: "Bearer right" } });

test.each(cases)(
  "%s behind paid() is sold once, whole, and told again as it was",
  async (_name, mount, handler, whole) => {
    const gate = fakeGate();
    const app = new Hono();
    app.use(paid(gate));
    mount(app, handler);
    const ask = await asker(app, "serve()");
    for (let copies = 0; copies < 2; copies += 1) {
      const answer = await ask("/sold", withAuth("one"));
      expect([answer.status, await answer.text()]).toEqual([200, whole]);
    }
    expect(gate.charged).toEqual(["one"]);
  },
);

test.each(Object.entries(mounts))("a failure of a handler behind %s is not charged", async (_name, mount) => {
  const gate = fakeGate();
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.use(paid(gate));
  mount(app, broken);
  const answer = await (await asker(app, "serve()"))("/sold", withAuth("one"));
  await answer.text();
  expect([answer.status, gate.charged]).toEqual([500, []]);
});

test("a request that is refused behind paid() is not charged", async () => {
  const gate = fakeGate();
  const app = new Hono();
  app.use(paid(gate));
  app.use("/sold", bearerAuth({ token: "right" })).post("/sold/small", bodyLimit({ maxSize: 3 }), text);
  const ask = await asker(app, "serve()");
  expect((await ask("/sold", { headers: { payment: "one" } })).status).toBe(401);
  const large = await ask("/sold/small", { method: "POST", body: "large", headers: { payment: "two" } });
  expect([large.status, gate.charged]).toEqual([413, []]);
});
