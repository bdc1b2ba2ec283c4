// paid() on Hono: what is sold, and what passes.
import { createRequire } from "node:module";
import { type PaidGate, type PaymentInHand, problem } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";

function shop(options = {}) {
  const gate = fakeGate();
  const runs: (PaymentInHand | undefined)[] = [];
  const app = new Hono();
  app.use(async (c, next) => {
    c.header("x-before", "set before");
    await next();
  });
  const sold = new Hono();
  sold.use(paid(gate, options));
  sold.use(async (c, next) => {
    runs.push(Object(c.var).payment);
    await next();
  });
  sold.get("/sold/json", (c) => c.json({ big: "9007199254740993" }, 201, { "x-own": "1" }));
  sold.get(
    "/sold/bytes",
    () => new Response(new Uint8Array([0, 255, 254]), { headers: { "content-type": "image/png" } }),
  );
  sold.get("/sold/cookies", (c) => {
    c.header("set-cookie", "a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT", { append: true });
    c.header("set-cookie", "b=2", { append: true });
    return c.body(null, 204);
  });
  sold.post("/sold/echo", async (c) =>
    c.json({ text: await c.req.text(), bytes: (await c.req.arrayBuffer()).byteLength }),
  );
  sold.get("/sold/throws", () => {
    throw new Error("Broken.");
  });
  sold.get("/sold/refuses", () => {
    throw new HTTPException(403, { message: "Not you." });
  });
  sold.get("/sold/breaks", () => {
    const body = new ReadableStream({
      pull(stream) {
        stream.error(new Error("Broken off."));
      },
    });
    return new Response(body);
  });
  sold.get("/free", () => {
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(new TextEncoder().encode("first"));
      },
    });
    return new Response(body);
  });
  app.route("/", sold);
  return { app, gate, runs };
}
const pay = (key: string) => ({ headers: { payment: key } });

test("the handler's answer is told whole, and again to a copy without another run", async () => {
  const { app, gate, runs } = shop();
  const answers = [await app.request("/sold/json", pay("one")), await app.request("/sold/json", pay("one"))];
  for (const answer of answers) {
    expect([answer.status, answer.headers.get("x-own"), answer.headers.get("content-type")]).toEqual([
      201,
      "1",
      "application/json",
    ]);
    expect([await answer.text(), answer.headers.get("x-before")]).toEqual(['{"big":"9007199254740993"}', "set before"]);
  }
  expect(answers[0]?.headers.get("receipt")).toBe("one");
  expect([gate.charged, runs.map((payment) => payment?.key)]).toEqual([["one"], ["one"]]);
});

test("bytes stay bytes, and each cookie stays one", async () => {
  const { app } = shop();
  const bytes = await app.request("/sold/bytes", pay("one"));
  expect([bytes.headers.get("content-type"), new Uint8Array(await bytes.arrayBuffer())]).toEqual([
    "image/png",
    new Uint8Array([0, 255, 254]),
  ]);
  const cookies = await app.request("/sold/cookies", pay("two"));
  expect([cookies.status, cookies.headers.getSetCookie()]).toEqual([
    204,
    ["a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT", "b=2"],
  ]);
});

test("an answer in place of the handler's has none of its headers", async () => {
  const app = new Hono();
  const gate: PaidGate = {
    async handle({ signal = new AbortController().signal }, _body, serve) {
      await serve({ key: "one", signal, fence: "1" });
      return problem(503, "pending", "Not yet.");
    },
  };
  app.get("/sold", paid(gate), (c) => c.json({ secret: true }, 200, { "x-own": "1", "set-cookie": "a=1" }));
  const { status, headers } = await app.request("/sold");
  expect([status, headers.get("x-own"), headers.getSetCookie()]).toEqual([503, null, []]);
});

test("without a payment no handler runs", async () => {
  const { app, runs } = shop();
  const answer = await app.request("/sold/json");
  expect([answer.status, answer.headers.get("x-before"), runs]).toEqual([402, "set before", []]);
});

test("the gate gets path, query, headers and bytes as they were sent, and the handler finds the body unread", async () => {
  const { app, gate } = shop();
  const answer = await app.request("/sold/echo?a=%41&a=2&b=%2F", { method: "POST", body: "é", ...pay("one") });
  expect(await answer.json()).toEqual({ text: "é", bytes: 2 });
  const [{ context, body } = {}] = gate.asked;
  expect([context?.path, context?.method, context?.adapter.getUrl()]).toEqual([
    "/sold/echo",
    "POST",
    "http://localhost/sold/echo?a=%41&a=2&b=%2F",
  ]);
  const { adapter } = context ?? {};
  expect([adapter?.getQueryParam?.("a"), adapter?.getQueryParams?.()]).toEqual(["A", { a: "A", b: "/" }]);
  expect(new TextDecoder().decode(body)).toBe("é");
});

test.each([{ "content-length": "4" }, {}])("a body that is too large is 413, and nothing is asked", async (length) => {
  const { app, gate } = shop({ maxBodyBytes: 3 });
  const body = new ReadableStream({
    start(stream) {
      stream.enqueue(new Uint8Array(4));
      stream.close();
    },
  });
  const answer = await app.request("/sold/echo", {
    method: "POST",
    body,
    duplex: "half",
    headers: { payment: "one", ...length },
  } as RequestInit);
  expect([answer.status, gate.asked]).toEqual([413, []]);
});

test("a body that was parsed before paid() is refused with words, and one that was read as bytes is taken", async () => {
  const gate = fakeGate();
  const app = new Hono();
  const errors: string[] = [];
  app.onError((error, c) => {
    errors.push(error.message);
    return c.text("", 500);
  });
  app.post("/sold/:how", async (c, next) => {
    await (c.req.param("how") === "text" ? c.req.text() : c.req.arrayBuffer());
    await next();
  });
  app.post("/sold/:how", paid(gate), async (c) => c.text(await c.req.text()));
  const send = (how: string) => app.request(`/sold/${how}`, { method: "POST", body: "x", ...pay(how) });
  expect([(await send("text")).status, errors]).toEqual([500, [expect.stringContaining("Put paid() before")]]);
  expect([await (await send("bytes")).text(), gate.charged]).toEqual(["x", ["bytes"]]);
});

test("an answer of more than maxAnswerBytes reaches onError as an error, and is not charged", async () => {
  const gate = fakeGate();
  const app = new Hono();
  app.onError((error, c) => c.text(error.name, 500));
  app.get("/sold/:text", paid(gate, { maxAnswerBytes: 5 }), (c) => c.text(c.req.param("text")));
  const large = await app.request("/sold/123456", pay("one"));
  expect([large.status, await large.text(), gate.charged]).toEqual([500, "RangeError", []]);
  expect(await (await app.request("/sold/12345", pay("one"))).text()).toBe("12345");
});

test("what a handler throws reaches onError, and is not charged", async () => {
  const { app, gate } = shop();
  expect((await app.request("/sold/refuses", pay("one"))).status).toBe(403);
  app.onError((error, c) => c.json({ said: error.message }, 500));
  const answer = await app.request("/sold/throws", pay("two"));
  expect([answer.status, await answer.json()]).toEqual([500, { said: "Broken." }]);
  app.onError((_, c) => c.text("sorry"));
  expect(await (await app.request("/sold/throws", pay("three"))).text()).toBe("sorry");
  expect(await (await app.request("/sold/breaks", pay("four"))).text()).toBe("sorry");
  expect(gate.charged).toEqual([]);
});

test("what the gate does not sell streams as without it", async () => {
  const { app, runs } = shop();
  const answer = await app.request("/free");
  const read = await answer.body?.getReader().read();
  expect([new TextDecoder().decode(read?.value), runs]).toEqual(["first", [undefined]]);
  expect((await app.request("/nowhere")).status).toBe(404);
});

test("a route of one method whose gate does not sell the request is 404, before its body is read", async () => {
  const gate = fakeGate();
  const giveAway = (c: Context) => c.text("given away");
  const part = new Hono().post("/part", paid(gate), giveAway);
  const app = new Hono()
    .post("/spelt-otherwise", paid(gate, { maxBodyBytes: 1 }), giveAway)
    .get("/free", paid(gate, { unsold: "pass" }), giveAway)
    .all("/all", paid(gate), giveAway)
    .use("/strict", paid(gate, { unsold: "refuse" }))
    .get("/strict", giveAway)
    .route(
      "/of",
      part.onError((error) => Promise.reject(error)),
    )
    .use(paid(gate))
    .get("/other", giveAway);
  const refused = await app.request("/spelt-otherwise", { method: "POST", body: "more than a byte" });
  expect([refused.status, await refused.json()]).toMatchObject([404, { error: "not_sold" }]);
  const statusOf = async (path: string, method = "GET") => (await app.request(path, { method })).status;
  expect([await statusOf("/free"), await statusOf("/all"), await statusOf("/other")]).toEqual([200, 200, 200]);
  expect([await statusOf("/strict"), await statusOf("/of/part", "POST")]).toEqual([404, 404]);
});

test("a path is sold as the router sees it too", async () => {
  const gate = fakeGate();
  const rewriting = new Hono({ getPath: (request) => new URL(request.url).pathname.replace("/v1/", "/") });
  for (const [app, path] of [[rewriting, "/v1/sold"] as const, [new Hono(), "/s%6Fld"] as const]) {
    app.use(paid(gate)).get("/sold", (c) => c.text("given away"));
    expect((await app.request(path)).status).toBe(402);
  }
});

test("an answer that is shorter than it says is not sold", async () => {
  const gate = fakeGate();
  const app = new Hono().get("/sold", paid(gate), (c) => c.body("short", 200, { "content-length": "30" }));
  expect((await app.request("/sold", { headers: { payment: "one" } })).status).toBe(500);
  expect(gate.charged).toEqual([]);
});

test("another copy of Hono, such as that of CommonJS, is sold for too", async () => {
  const { Hono: Other }: { Hono: typeof Hono } = createRequire(import.meta.url)("hono");
  expect(Other).not.toBe(Hono);
  const app = new Other().get("/sold", paid(fakeGate()), (c) => c.text("sold"));
  app.get("/other", paid(fakeGate()), (c) => c.text("given away"));
  expect(await (await app.request("/sold", { headers: { payment: "one" } })).text()).toBe("sold");
  expect((await app.request("/other")).status).toBe(404);
});
