// limit() on Express.
import type { RequestContext } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { createMemoryStores, rateLimiter, StoreError } from "@tollbooth-stores/memory";
import type { Request, Response } from "express";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import { clientIp, limit } from "./limit.ts";
import { paid } from "./paid.ts";

const { rateLimits } = createMemoryStores();

test("the headers of all limits are on every answer: made, thrown, not found, sold and denied", async () => {
  const app = await listen((app) => {
    app.use(limit(rateLimiter(rateLimits, { name: "all", limit: 100, window: "1h" }), () => "me"));
    app.use(limit(rateLimiter(rateLimits, { name: "few", limit: 4, window: "1m" }), () => "me"));
    app.get("/made", (_request, response) => response.send("made"));
    app.get("/throws", () => Promise.reject(Object.assign(new Error("Broken."), { status: 500 })));
    app.get("/sold", paid(fakeGate()), (_request, response) => response.send("sold"));
  });
  const told = [];
  for (const path of ["/made", "/nowhere", "/made", "/sold", "/made"]) {
    const { status, headers } = await app(path, { headers: { payment: path } });
    told.push([
      status,
      headers.get("ratelimit-policy"),
      headers.get("x-ratelimit-remaining"),
      headers.has("retry-after"),
    ]);
  }
  const policies = '"all";q=100;w=3600, "few";q=4;w=60';
  expect(told).toEqual([
    [200, policies, "3", false],
    [404, policies, "2", false],
    [200, policies, "1", false],
    [200, policies, "0", false],
    [429, policies, "0", true],
  ]);
});

test("of 10 requests at once as many pass as are allowed", async () => {
  const app = await listen((app) => {
    app.use(limit(rateLimiter(rateLimits, { name: "ten", limit: 4, window: "1m" }), clientIp({ trustedProxies: 0 })));
    app.get("/", (_request, response) => response.send("ok"));
  });
  const answers = await Promise.all(Array.from({ length: 10 }, () => app("/")));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
});

test("no key is 400, and a store that is away is 503: no handler runs", async () => {
  const away = { ...rateLimits, consume: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "Away.")) };
  let runs = 0;
  const app = await listen((app) => {
    app.use(
      "/keyless",
      limit(rateLimiter(rateLimits, { name: "k", limit: 4, window: "1m" }), () => undefined),
    );
    app.use(
      "/away",
      limit(rateLimiter(away, { name: "k", limit: 4, window: "1m" }), () => "me"),
    );
    app.use((_request, response) => {
      runs += 1;
      response.end();
    });
  });
  expect((await app("/keyless")).status).toBe(400);
  const answer = await app("/away");
  expect([answer.status, answer.headers.get("retry-after"), runs]).toEqual([503, "1", 0]);
});

test("a limit without what names its clients is refused when it is made", () => {
  const rule = rateLimiter(rateLimits, { name: "k", limit: 4, window: "1m" });
  expect(() => Reflect.apply(limit, undefined, [rule])).toThrow("names a request's client");
});

test("clientIp believes as many proxies as it is told", async () => {
  const [none, one] = [clientIp({ trustedProxies: 0 }), clientIp({ trustedProxies: 1 })];
  const app = await listen((app) => app.get("/", (request, response) => response.json([none(request), one(request)])));
  const answer = await app("/", { headers: { "x-forwarded-for": "6.6.6.6, 198.51.100.1" } });
  expect(await answer.json()).toEqual(["127.0.0.1", "198.51.100.1"]);
});

test("a payment that the gate knows passes a limit that is used up, and uses nothing up", async () => {
  const gate = { knows: async ({ adapter }: RequestContext) => adapter.getHeader("payment") === "known" };
  const one = rateLimiter(rateLimits, { name: "one", limit: 1, window: "1m" });
  const app = await listen((app) => {
    app.use(limit(one, () => "me", { unlessKnownTo: gate }));
    app.get("/", (_request, response) => response.send("ok"));
  });
  const statusOf = async (payment: string) => (await app("/", { headers: { payment } })).status;
  expect([await statusOf("known"), await statusOf("new"), await statusOf("new"), await statusOf("known")]).toEqual([
    200, 200, 429, 200,
  ]);
});

test("of two gates either one lets a payment pass, and where neither can tell what the limit denies is 503, not 429", async () => {
  const away = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "Away."));
  const known = { knows: async ({ adapter }: RequestContext) => adapter.getHeader("payment") === "known" };
  const one = rateLimiter(rateLimits, { name: "two gates", limit: 1, window: "1m" });
  const app = await listen((app) => {
    app.use(limit(one, () => "me", { unlessKnownTo: [{ knows: away }, known] }));
    app.get("/", (_request, response) => response.send("ok"));
  });
  const ask = (payment: string) => app("/", { headers: { payment } });
  expect([(await ask("known")).status, (await ask("known")).status]).toEqual([200, 200]);
  expect((await ask("new")).status).toBe(200);
  const unclear = await ask("new");
  expect([unclear.status, unclear.headers.get("retry-after")]).toEqual([503, "1"]);
});

test.each(["knows", "keyOf", "rule"])(
  "where others answer while a limit waits for %s, no handler runs",
  async (slow) => {
    let answerMeanwhile = () => {};
    const meanwhile = (name: string) => {
      if (name === slow) answerMeanwhile();
    };
    const one = rateLimiter(rateLimits, { name: `others ${slow}`, limit: 1, window: "1m" });
    const rule: typeof one = async (...call) => {
      meanwhile("rule");
      return one(...call);
    };
    const gate = {
      async knows() {
        meanwhile("knows");
        return slow === "knows";
      },
    };
    const errors: unknown[] = [];
    let runs = 0;
    const app = await listen((app) => {
      app.use((_request, response, next) => {
        answerMeanwhile = () => response.status(504).send("timeout");
        next();
      });
      app.use(
        limit(
          rule,
          async () => {
            meanwhile("keyOf");
            return "me";
          },
          { unlessKnownTo: gate },
        ),
      );
      app.use(() => {
        runs += 1;
      });
      app.use((error: unknown, _request: Request, _response: Response, next: (error: unknown) => void) => {
        errors.push(error);
        next(error);
      });
    });
    // The second one is denied, where the limit is asked at all.
    for (let request = 0; request < 2; request += 1) expect((await app("/")).status).toBe(504);
    expect([runs, errors]).toEqual([0, []]);
  },
);

test("a response that others have begun goes on where it is allowed, and breaks off where it is denied", async () => {
  const errors: unknown[] = [];
  const app = await listen((app) => {
    app.use((_request, response, next) => {
      response.write("beat ");
      next();
    });
    app.use(limit(rateLimiter(rateLimits, { name: "begun", limit: 1, window: "1m" }), () => "me"));
    app.use((_request, response) => {
      response.end("made");
    });
    app.use((error: unknown, _request: Request, _response: Response, next: (error: unknown) => void) => {
      errors.push(error);
      next(error);
    });
  });
  expect(await (await app("/")).text()).toBe("beat made");
  await expect(app("/").then((answer) => answer.text())).rejects.toThrow();
  expect(String(errors)).toContain("begun by others");
});

test.each([[], [{}], [{ trustedProxies: "1" }]])("clientIp of %j is refused when it is made", (...given) => {
  expect(() => Reflect.apply(clientIp, undefined, given)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});
