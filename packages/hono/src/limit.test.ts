// limit() on Hono.
import type { RequestContext } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores, rateLimiter, StoreError } from "@tollbooth-stores/memory";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { clientIp, limit } from "./limit.ts";
import { paid } from "./paid.ts";

const { rateLimits } = createMemoryStores();

test("the headers of all limits are on every answer: raw, thrown, not found, sold and denied", async () => {
  const app = new Hono();
  const me = () => "me";
  app.use(limit(rateLimiter(rateLimits, { name: "all", limit: 100, window: "1h" }), me));
  app.use(limit(rateLimiter(rateLimits, { name: "few", limit: 4, window: "1m" }), me));
  app.get("/raw", () => new Response("raw"));
  app.get("/throws", () => {
    throw new Error("Broken.");
  });
  app.get("/sold", paid(fakeGate()), (c) => c.text("sold"));
  const told = [];
  for (const path of ["/raw", "/throws", "/nowhere", "/sold", "/raw"]) {
    const answer = await app.request(path, { headers: { payment: path } });
    told.push([
      answer.status,
      answer.headers.get("ratelimit-policy"),
      answer.headers.get("x-ratelimit-remaining"),
      answer.headers.has("retry-after"),
    ]);
  }
  const policies = '"all";q=100;w=3600, "few";q=4;w=60';
  expect(told).toEqual([
    [200, policies, "3", false],
    [500, policies, "2", false],
    [404, policies, "1", false],
    [200, policies, "0", false],
    [429, policies, "0", true],
  ]);
});

test("of 10 requests at once as many pass as are allowed", async () => {
  const app = new Hono();
  app.get(
    "/",
    limit(rateLimiter(rateLimits, { name: "ten", limit: 4, window: "1m" }), () => "me"),
    (c) => c.text("ok"),
  );
  const answers = await Promise.all(Array.from({ length: 10 }, () => app.request("/")));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
});

test("no key is 400, and a store that is away is 503: no handler runs", async () => {
  const away = { ...rateLimits, consume: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "Away.")) };
  const app = new Hono();
  let runs = 0;
  const handler = () => {
    runs += 1;
    return new Response();
  };
  app.get(
    "/keyless",
    limit(rateLimiter(rateLimits, { name: "k", limit: 4, window: "1m" }), (c) => c.req.header("api-key")),
    handler,
  );
  app.get(
    "/away",
    limit(rateLimiter(away, { name: "k", limit: 4, window: "1m" }), () => "me"),
    handler,
  );
  expect((await app.request("/keyless")).status).toBe(400);
  const answer = await app.request("/away");
  expect([answer.status, answer.headers.get("retry-after"), runs]).toEqual([503, "1", 0]);
});

test("clientIp believes as many proxies as it is told", async () => {
  const app = new Hono();
  const connInfo = () => ({ remote: { address: "10.0.0.1" } });
  const [none, one] = [clientIp({ connInfo, trustedProxies: 0 }), clientIp({ connInfo, trustedProxies: 1 })];
  app.get("/", (c) => c.json([none(c), one(c)]));
  const answer = await app.request("/", { headers: { "x-forwarded-for": "6.6.6.6, 198.51.100.1" } });
  expect(await answer.json()).toEqual(["10.0.0.1", "198.51.100.1"]);
});

test("a payment that the gate knows passes a limit that is used up, and uses nothing up", async () => {
  const app = new Hono();
  const gate = { knows: async ({ adapter }: RequestContext) => adapter.getHeader("payment") === "known" };
  const one = rateLimiter(rateLimits, { name: "one", limit: 1, window: "1m" });
  app.get(
    "/",
    limit(one, () => "me", { unlessKnownTo: gate }),
    (c) => c.text("ok"),
  );
  const statusOf = async (payment: string) => (await app.request("/", { headers: { payment } })).status;
  expect([await statusOf("known"), await statusOf("new"), await statusOf("new"), await statusOf("known")]).toEqual([
    200, 200, 429, 200,
  ]);
});

test("of two gates either one lets a payment pass, and where neither can tell what the limit denies is 503, not 429", async () => {
  const away = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "Away."));
  const known = { knows: async ({ adapter }: RequestContext) => adapter.getHeader("payment") === "known" };
  const one = rateLimiter(rateLimits, { name: "two gates", limit: 1, window: "1m" });
  const app = new Hono();
  app.use(limit(one, () => "me", { unlessKnownTo: [{ knows: away }, known] }));
  app.get("/", (c) => c.text("ok"));
  const ask = (payment: string) => app.request("/", { headers: { payment } });
  expect([(await ask("known")).status, (await ask("known")).status]).toEqual([200, 200]);
  expect((await ask("new")).status).toBe(200);
  const unclear = await ask("new");
  expect([unclear.status, unclear.headers.get("retry-after")]).toEqual([503, "1"]);
});

test("where a timeout answers while a limit waits, no handler runs", async () => {
  const one = rateLimiter(rateLimits, { name: "late", limit: 9, window: "1m" });
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let over = Promise.resolve();
  let runs = 0;
  const app = new Hono();
  app.use(async (c, next) => {
    over = next();
    c.res = new Response("timeout", { status: 504 });
  });
  app.use(limit(one, () => released.then(() => "me")));
  app.get("/", (c) => {
    runs += 1;
    return c.text("ok");
  });
  expect((await app.request("/")).status).toBe(504);
  release();
  await over;
  expect(runs).toBe(0);
});

test("a client that leaves while the store is slow ends the limit's wait", async () => {
  const leaving = new AbortController();
  const signals: (AbortSignal | undefined)[] = [];
  const untilGone = (signal: AbortSignal | undefined) =>
    new Promise<never>((_resolve, reject) => {
      signals.push(signal);
      signal?.addEventListener("abort", () => reject(signal.reason));
      leaving.abort(new Error("The client has gone."));
    });
  const errors: unknown[] = [];
  const app = new Hono();
  app.get(
    "/limit",
    limit(
      (_key, options) => untilGone(options?.signal),
      () => "me",
    ),
  );
  app.onError((error, c) => {
    errors.push(error);
    return c.text("", 400);
  });
  await app.request("/limit", { signal: leaving.signal });
  expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  expect(String(errors)).toContain("The client has gone.");
});

test.each([
  [],
  [{}],
  [{ trustedProxies: 0 }],
  [{ connInfo: () => ({ remote: {} }) }],
  [{ connInfo: { remote: {} }, trustedProxies: 0 }],
])("clientIp of %j is refused when it is made", (...given) => {
  expect(() => Reflect.apply(clientIp, undefined, given)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});
