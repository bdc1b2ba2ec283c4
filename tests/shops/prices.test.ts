// However a target, a Host header and a body are written, the handler that runs is the one whose price was paid.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import * as onExpress from "@tollbooth-stores/express";
import * as onHono from "@tollbooth-stores/hono";
import { paymentHeader } from "@tollbooth-stores/sandbox";
import * as withFetch from "@tollbooth-stores/x402/fetch";
import type { HTTPRequestContext } from "@x402/core/server";
import express from "express";
import { Hono } from "hono";
import { expect, onTestFinished, test } from "vitest";
import { gateOf, listening, sendRaw, spell } from "./raw-requests.test-support.ts";

const token = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const payTo = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
const terms = { scheme: "exact", network: "eip155:84532", payTo, maxTimeoutSeconds: 60 } as const;
const at = (amount: string) => ({ accepts: { ...terms, price: { asset: token, amount, extra: domain } } });
const domain = { name: "USDC", version: "2" };
const cheap = at("1");
const dear = at("500");
const byQuery = ({ adapter }: HTTPRequestContext) => ({
  asset: token,
  amount: adapter.getQueryParam?.("tier") === "pro" ? "500" : "1",
  extra: domain,
});
const byBody = ({ adapter }: HTTPRequestContext) => ({
  asset: token,
  amount: Object(adapter.getBody?.()).tier === "pro" ? "500" : "1",
  extra: domain,
});

/** What a payer of the cheapest thing signs. The facilitator believes it. */
function cheapPayment(): Record<string, string> {
  const from = `0x${randomBytes(20).toString("hex")}`;
  const validBefore = String(Math.floor(Date.now() / 1_000) + 50);
  const nonce = `0x${randomBytes(32).toString("hex")}`;
  const authorization = { from, to: payTo, value: "1", validAfter: "0", validBefore, nonce };
  const signature = `0x${"11".repeat(32)}${"22".repeat(32)}1b`;
  return paymentHeader({
    x402Version: 2,
    accepted: { ...terms, asset: token, amount: "1", extra: domain },
    payload: { authorization, signature },
  });
}

const byPath = ({ path }: HTTPRequestContext) => ({
  asset: token,
  amount: path === "/p/pro" ? "500" : "1",
  extra: domain,
});

const routes = {
  "GET /p/[s]": { accepts: { ...terms, price: byPath } },
  "GET /premium/[s]": dear,
  "GET /w/free-sample": cheap,
  "GET /w/[s]": dear,
  "GET /v/[s]": cheap,
  "GET /v/*": dear,
  "GET /tier": { accepts: { ...terms, price: byQuery } },
  "POST /tier": { accepts: { ...terms, price: byBody } },
  "GET /[s]": cheap,
};
const gate = () => gateOf(routes);

/** Each handler says whether what it makes is dear. */
const applications: Record<string, (ran: (dear: boolean) => string) => RequestListener> = {
  Express: (ran) => {
    const app = express().set("env", "test");
    const paid = onExpress.paid(gate());
    app.get("/premium/:s", paid, (_, response) => void response.send(ran(true)));
    app.get("/w/free-sample", paid, (_, response) => void response.send(ran(false)));
    app.get("/w/:s", paid, (_, response) => void response.send(ran(true)));
    app.get("/p/:s", paid, (request, response) => void response.send(ran(request.params.s === "pro")));
    app.get("/v/:s", paid, (_, response) => void response.send(ran(false)));
    app.get("/v/*rest", paid, (_, response) => void response.send(ran(true)));
    app.get("/tier", paid, (request, response) => void response.send(ran(request.query.tier === "pro")));
    app.post("/tier", paid, (request, response) => void response.send(ran(Object(request.body).tier === "pro")));
    return app.get("/:s", paid, (_, response) => void response.send(ran(false)));
  },
  Hono: (ran) => {
    const app = new Hono();
    const paid = onHono.paid(gate());
    app.get("/premium/:s", paid, (c) => c.text(ran(true)));
    app.get("/w/free-sample", paid, (c) => c.text(ran(false)));
    app.get("/w/:s", paid, (c) => c.text(ran(true)));
    app.get("/p/:s", paid, (c) => c.text(ran(c.req.param("s") === "pro")));
    app.get("/v/:s", paid, (c) => c.text(ran(false)));
    app.get("/v/*", paid, (c) => c.text(ran(true)));
    app.get("/tier", paid, (c) => c.text(ran(c.req.query("tier") === "pro")));
    app.post("/tier", paid, async (c) => c.text(ran((await c.req.json()).tier === "pro")));
    app.get("/:s", paid, (c) => c.text(ran(false)));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
};

const paths = ["/p/pro", "/premium/a", "/w/free-sample", "/w/a", "/v/a", "/v/a/b", "/tier", "/a"];
const more: ((path: string) => string)[] = [
  (path) => path.replace(/(.)\//, "$1\\"),
  (path) => `${path.replace(/(.)\//, "$1\\")}#`,
  (path) => `http://x${path.replaceAll("/", "\\")}`,
  (path) => path.replace(/(.)\//, "$1//"),
  (path) => path.replace(/^\/./, (begin) => begin.toUpperCase()),
  (path) => path.replace(/^\/(.)(.*)\/(.)/, (_, a, b, c) => `/${a.toUpperCase()}${b}/%${c.charCodeAt(0).toString(16)}`),
  (path) => `${path.replace(/^\/(.)(.*)\/(.)/, (_, a, b, c) => `/${a}${b}/%25${c.charCodeAt(0).toString(16)}`)}/`,
  (path) => `http://x\\v${path}`,
  (path) => `${path.replace(/(.)\//, "$1\\")}?tier=pro#`,
  ...["?tier=pro", "?tier=pro&tier=basic", "?tier=basic&tier=pro", "?tier[]=pro", "?ti%65r=pro", "?x=1;tier=pro"].map(
    (query) => (path: string) => path + query,
  ),
];
const hosts = ["h", "x/w/free-sample#", "x/w/free-sample?", "a?tier=basic#", "a\\b"];

test.each(Object.entries(applications))("%s: a cheap payment runs no dear handler", async (_what, make) => {
  const ran: { dear: boolean; asked: string }[] = [];
  let asked = "";
  const port = await listening(
    make((isDear) => {
      ran.push({ dear: isDear, asked });
      return isDear ? "DEAR" : "cheap";
    }),
  );
  for (const path of paths) {
    const spelt = [...spell, ...more].map((one) => [one(path), "h"] as const);
    for (const [target, host] of [...spelt, ...hosts.map((each) => [path, each] as const)]) {
      asked = `${target} (Host: ${host})`;
      await sendRaw(port, "GET", target, { ...cheapPayment(), host });
    }
  }
  expect(ran.filter(({ dear }) => dear)).toEqual([]);
  expect(ran.length).toBeGreaterThan(50);
});

const bodies = ["basic", "pro"].flatMap((tier) => [
  `{"tier":"${tier}"}`,
  `\uFEFF{"tier":"${tier}"}`,
  ` {"tier":"basic","tier":"${tier}"}`,
  `{"ti\\u0065r":"${tier}"}`,
]);
const types = ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/vnd.x+json", "x"];

test.each(Object.entries(applications))(
  "%s: a price by the body is that of the body that is sold",
  async (_what, make) => {
    const ran: { dear: boolean; asked: string }[] = [];
    let asked = "";
    const port = await listening(
      make((dear) => {
        ran.push({ dear, asked });
        return "";
      }),
    );
    for (const type of types) {
      for (const body of bodies) {
        asked = `${type}: ${body}`;
        await sendRaw(port, "POST", "/tier", { ...cheapPayment(), "content-type": type }, body);
      }
    }
    expect(ran.filter(({ dear }) => dear)).toEqual([]);
    expect(ran.filter(({ asked }) => asked.startsWith("application/json")).length).toBe(4);
  },
);

const ofTwoPrices = { "GET /cheap": cheap, "GET /report": dear };

test.each<[string, (gate: ReturnType<typeof gateOf>) => RequestListener]>([
  [
    "Express",
    (sold) => {
      const app = express().set("env", "test").set("trust proxy", true);
      app.get("/cheap", onExpress.paid(sold), (_, response) => void response.status(500).send());
      return app.get("/report", onExpress.paid(sold), (_, response) => void response.send("DEAR"));
    },
  ],
  [
    "Hono",
    (sold) => {
      const app = new Hono();
      app.get("/cheap", onHono.paid(sold), (c) => c.text("", 500));
      app.get("/report", onHono.paid(sold), (c) => c.text("DEAR"));
      return getRequestListener(app.fetch, { overrideGlobalObjects: false });
    },
  ],
])("%s: goods owed for one path are owed for no path that a header names", async (_what, make) => {
  const port = await listening(make(gateOf(ofTwoPrices, { order: "settle-then-serve" })));
  const headers = [
    { host: "x/report#" },
    { host: "x/report?" },
    { host: "x", "x-forwarded-proto": "https://x/report#", "x-forwarded-host": "x/report#" },
  ];
  for (const made of headers) {
    const payment = cheapPayment();
    const owed = await sendRaw(port, "GET", "/cheap", { ...payment, ...made });
    // Hono's server refuses a host that is none.
    expect(owed).toMatch(/^HTTP\/1\.1 (?:503|400) /);
    expect(await sendRaw(port, "GET", "/report", payment)).toMatch(/^HTTP\/1\.1 (?:409|402) /);
  }
});

test("Express: express.static behind paid() gives no file away, and none at another's price, whatever dots and slashes a target has", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "files/free"), { recursive: true });
  writeFileSync(join(folder, "files/dear.txt"), "DEAR");
  writeFileSync(join(folder, "files/free/a.txt"), "cheap");
  const sold = gateOf({ "GET /files/free/*": cheap, "GET /files/*": dear });
  const app = express().set("env", "test").use(onExpress.paid(sold)).use(express.static(folder));
  const port = await listening(app);
  for (const begin of [
    "/x/..",
    "/.",
    "/%2e",
    "/x%2f..%2f",
    "/;/..",
    "",
    "/files/free/..",
    "/files/free/%2e%2e",
    "/x%5c..%5c",
    "/files/free/%2e%2e%09",
  ]) {
    for (const target of ["/files/dear.txt", "/files%2fdear.txt", "/dear.txt", "..%2fdear.txt", "files%5cdear.txt"]) {
      for (const payment of [{}, cheapPayment()]) {
        expect(await sendRaw(port, "GET", begin + target, payment)).not.toContain("DEAR");
      }
    }
  }
  expect(await sendRaw(port, "GET", "/files/free/a.txt", cheapPayment())).toContain("cheap");
});

/** What a seller writes who has one key for all, and a price function. */
const dearPaths = ["/premium", "/Capital", "/api/premium", "/api/Capital"];
const byWholePath = ({ path }: HTTPRequestContext) => ({
  asset: token,
  amount: dearPaths.includes(path) ? "500" : "1",
  extra: domain,
});

test.each([true, false])(
  "Express, which heeds no case: a price by the path under a `*` is that of the handler's route (paid() on the route: %s)",
  async (isOnRoute) => {
    const ran: { dear: boolean; asked: string }[] = [];
    let asked = "";
    const answer =
      (dear: boolean): express.RequestHandler =>
      (_, response) => {
        ran.push({ dear, asked });
        response.send();
      };
    const paid = onExpress.paid(gateOf({ "*": { accepts: { ...terms, price: byWholePath } } }));
    const app = express().set("env", "test");
    const api = express.Router();
    if (!isOnRoute) app.use(paid);
    for (const router of [api, app]) {
      const first = isOnRoute ? [paid] : [];
      router.get("/premium", ...first, answer(true));
      // Where paid() is not on the route, it sees no capitals that others declare.
      if (isOnRoute) router.get("/Capital", ...first, answer(true));
      if (router === app) app.use("/api", api);
      router.get("/:name", ...first, answer(false));
    }
    const port = await listening(app);
    for (const path of ["/premium", "/capital", "/api/premium", "/api/capital"]) {
      for (const target of [...spell, (one: string) => one.replace(/.$/, (last) => last.toUpperCase())]) {
        asked = target(path);
        await sendRaw(port, "GET", asked, cheapPayment());
      }
    }
    const answers = ["/premium", "/PREMIUM", "/other", "/API/premium"].map((path) => sendRaw(port, "GET", path));
    const statuses = (await Promise.all(answers)).map((text) => text.slice(9, 12));
    expect(ran.filter(({ dear }) => dear)).toEqual([]);
    expect(ran.length).toBeGreaterThan(5);
    expect(statuses).toEqual(["402", isOnRoute ? "402" : "404", "402", "404"]);
  },
);

/** What a proxy behind each would ask its upstream for. */
const proxies: Record<string, (upstream: (path: string) => string) => RequestListener> = {
  "Express, by the sent path": (upstream) =>
    express()
      .set("env", "test")
      .use(onExpress.paid(gateOf(proxied)))
      .use((request, response) => void response.send(upstream(request.originalUrl))),
  "Express, by a parameter": (upstream) =>
    express()
      .set("env", "test")
      .get("/cheap/*rest", onExpress.paid(gateOf(proxied)), (request, response) => {
        const { rest } = request.params;
        response.send(upstream(`/cheap/${[rest].flat().join("/")}`));
      }),
  "Hono, by the path": (upstream) => {
    const app = new Hono().use(onHono.paid(gateOf(proxied))).all("*", (c) => c.text(upstream(c.req.path)));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  "Hono, by a parameter": (upstream) => {
    const app = new Hono();
    app.get("/cheap/:rest{.+}", onHono.paid(gateOf(proxied)), (c) => c.text(upstream(`/cheap/${c.req.param("rest")}`)));
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  "fetch, by a parameter": (upstream) => {
    const rest = (request: Request) => decodeURIComponent(new URL(request.url).pathname.slice("/cheap/".length));
    const sell = withFetch.paid(gateOf(proxied), (request) => new Response(upstream(`/cheap/${rest(request)}`)));
    return getRequestListener((request) => sell(request), { overrideGlobalObjects: false });
  },
};
const proxied = { "GET /cheap/*": cheap, "GET /dear/*": dear };
const leaving = [
  "..",
  "%2e%2e",
  ".%2e",
  "%252e%252e",
  "%2e%2e%09",
  ".%0d.",
  "..%2f",
  "%25%32%65.",
  "%2e%2e%5c",
  "x%2f..%2f..",
];

test.each(Object.entries(proxies))("%s: no upstream is asked for dear goods at a cheap price", async (_what, make) => {
  const asked: string[] = [];
  const upstream = (path: string) => {
    asked.push(new URL(`http://upstream${path}`).pathname);
    return "";
  };
  const port = await listening(make(upstream));
  for (const dots of leaving) {
    for (const end of ["/dear/x", "dear/x", "%2fdear/x", "/dear/%ff", "/dear/%", "/dear/%E0%A4%A"]) {
      for (const payment of [{}, cheapPayment()]) await sendRaw(port, "GET", `/cheap/${dots}${end}`, payment);
    }
  }
  expect(asked.filter((path) => path.startsWith("/dear"))).toEqual([]);
  await sendRaw(port, "GET", "/cheap/a%2Fb", cheapPayment());
  expect(asked.at(-1)).toMatch(/^\/cheap\/a(%2F|\/)b$/);
});
