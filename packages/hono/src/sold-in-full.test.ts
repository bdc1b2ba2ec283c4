// Conditional requests and ranges on Hono: the whole answer is sold, whatever the buyer or its cache asks for.
import { serveStatic } from "@hono/node-server/serve-static";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { Hono } from "hono";
import { etag } from "hono/etag";
import { expect, test } from "vitest";
import { asker, bothWays } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";

const goods = "the goods";
const tag = `"${Buffer.from(await crypto.subtle.digest("SHA-1", Buffer.from(goods))).toString("hex")}"`;
const file = new URL("./index.ts", import.meta.url).pathname;

function shop() {
  const gate = fakeGate();
  const app = new Hono();
  const inner = new Hono().get("/text", etag(), (c) => c.text(goods));
  app.use(paid(gate));
  app.get("/sold/text", etag(), (c) => c.text(goods));
  app.get("/free/text", etag(), (c) => c.text(goods));
  app.get("/sold/file", serveStatic({ root: "/", rewriteRequestPath: () => file }));
  app.mount("/sold/mounted", inner.fetch);
  app.get("/sold/passed-on", async (c) => inner.fetch(new Request("http://upstream/text", c.req.raw)));
  return { app, gate };
}

test.each(
  bothWays.flatMap((way) => [
    { way, path: "/sold/text", condition: { "if-none-match": tag } },
    { way, path: "/sold/text", condition: { "if-none-match": "*" } },
    { way, path: "/sold/mounted/text", condition: { "if-none-match": tag } },
    { way, path: "/sold/passed-on", condition: { "if-none-match": tag } },
    { way, path: "/sold/file", condition: { range: "bytes=0-2" } },
  ]),
)("$path with $condition is sold in full by $way, and told again to a retry without it", async (given) => {
  const { app, gate } = shop();
  const ask = await asker(app, given.way);
  const whole = await (await ask(given.path, { headers: { payment: "plain" } })).text();
  expect(whole.length).toBeGreaterThan(3);
  for (const condition of [given.condition, {}, given.condition]) {
    const answer = await ask(given.path, { headers: { payment: "one", ...condition } });
    expect([answer.status, await answer.text()]).toEqual([200, whole]);
  }
  expect(gate.charged).toEqual(["plain", "one"]);
});

test("a request that is not sold is answered as it asks", async () => {
  const answer = await shop().app.request("/free/text", { headers: { "if-none-match": tag } });
  expect(answer.status).toBe(304);
});
