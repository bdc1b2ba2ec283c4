// Where the gate and Express could see different paths, nothing is given away.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { type FakeGate, fakeGate } from "@tollbooth-stores/http-testkit";
import { type Express, Router } from "express";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

const shop = (setUp: (app: Express, gate: FakeGate) => void) => listen((app) => setUp(app, fakeGate()));

async function statusOf({ port }: { port: number }, path: string, method = "GET"): Promise<number> {
  const asking = httpRequest({ port, path, method }).end();
  const [answer] = await once(asking, "response");
  answer.resume();
  return answer.statusCode;
}

test.each(["/sold", "http://h/sold", "HTTP://h/sold", "ftp://h/sold", "ws://h/sold?a", "ftps://h:1/sold", "/sold\\#x"])(
  "%s is sold, from use() and from a route",
  async (target) => {
    const app = await shop((app, gate) => {
      app.use(paid(gate));
      app.get("/sold", (_request, response) => response.send("given away"));
    });
    const onRoute = await shop((app, gate) =>
      app.get("/sold", paid(gate), (_request, response) => response.send("given away")),
    );
    expect([await statusOf(app, target), await statusOf(onRoute, target)]).toEqual([402, 402]);
  },
);

test("a path that middleware rewrote is sold where Express routes it, and under a router as it was sent", async () => {
  const app = await shop((app, gate) => {
    app.use((request, _response, next) => {
      request.url = request.url.replace("/v1/", "/");
      next();
    });
    const router = Router();
    router.use(paid(gate));
    router.get("/one", (_request, response) => response.send("given away"));
    app.use("/sold", router);
    app.use(paid(gate));
    app.get("/sold", (_request, response) => response.send("given away"));
  });
  expect([await statusOf(app, "/v1/sold"), await statusOf(app, "/sold/one")]).toEqual([402, 402]);
});

test("the index of a router is sold by the path that it is mounted at", async () => {
  const gate = fakeGate();
  const router = Router().get("/", paid(gate), (_request, response) => response.send("given away"));
  const app = await listen((express) => express.use("/sold", router));
  expect([await statusOf(app, "/sold"), await statusOf(app, "/sold/")]).toEqual([402, 402]);
  expect(gate.asked.map(({ context }) => context.decodedPath)).toEqual(["/sold", "/sold"]);
});

test.each([
  ["/sold/:id/Raw", "/SOLD/Ab/raw/", "/sold/Ab/Raw/", "/sold/ab/Raw/"],
  ["/sold/*rest", "/Sold/A/B", "/sold/A/B", "/sold/a/b"],
  ["/sold{/Raw}/Big", "/SOLD/BIG", "/SOLD/BIG", "/sold/big"],
  [["/sold/a", "/sold/Bb"], "/sold/bB", "/sold/Bb", "/sold/Bb"],
  [/^\/sold\/x/i, "/sold/X", "/sold/X", "/sold/x"],
])(
  "a gate is given the path as the route %s spells it, and in lower case what it does not spell: %s",
  async (...scene) => {
    const [declared, sent, decodedPath, otherSpelling] = scene;
    const gate: FakeGate = { ...fakeGate(), sells: () => true };
    const router = Router().get(declared, paid(gate), (_request, response) => response.send("given away"));
    const app = await listen((express) => express.use("/Api", router).use(paid(gate)));
    await statusOf(app, `/API${sent}`);
    await statusOf(app, "/Other");
    expect(gate.asked.map(({ context }) => [context.decodedPath, context.otherSpelling])).toEqual([
      [`/API${decodedPath}`, `/api${otherSpelling}`],
      ["/Other", "/other"],
    ]);
  },
);

test("what a query parser nests, or makes no text of, is text for price functions", async () => {
  const gate = fakeGate();
  const app = await listen((express) => {
    express.set("query parser", () => ({ n: { a: 4, list: ["x", 1] }, deep: [{ b: true }], none: undefined, "": "e" }));
    express.get("/sold", paid(gate), (_request, response) => response.send("given away"));
  });
  await statusOf(app, "/sold?any");
  const { adapter } = gate.asked[0]?.context ?? {};
  expect(adapter?.getQueryParams?.()).toEqual({ "n[a]": "4", "n[list]": ["x", "1"], "deep[0][b]": "true", "": "e" });
  expect(adapter?.getQueryParam?.("n[a]")).toBe("4");
});

test("a route's own paid() whose gate does not sell the request is 404, before its body is read", async () => {
  const app = await shop((app, gate) => {
    app.all("/{*any}", (_request, _response, next) => next());
    app.post("/spelt-otherwise", paid(gate, { maxBodyBytes: 1 }), (_request, response) => response.send("given away"));
    app.get("/free", paid(gate, { unsold: "pass" }), (_request, response) => response.send("free"));
    app.use(paid(gate));
    app.get("/other", (_request, response) => response.send("free"));
    app.use("/strict", paid(gate, { unsold: "refuse" }));
  });
  const refused = await app("/spelt-otherwise", { method: "POST", body: "more than a byte" });
  expect([refused.status, Object(await refused.json()).error]).toEqual([404, "not_sold"]);
  expect([await statusOf(app, "/free"), await statusOf(app, "/other")]).toEqual([200, 200]);
  expect(await statusOf(app, "/strict")).toBe(404);
});
