// Conditional requests and ranges on Express, which makes ETags and 304 by itself: the whole answer is sold.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

failOnCrash();

const file = new URL("./index.ts", import.meta.url).pathname;
const goods = "the goods";
const longAgo = "Thu, 01 Jan 1970 00:00:00 GMT";

async function shop() {
  const gate = fakeGate();
  const seen: unknown[] = [];
  const ask = await listen((app) => {
    app.use(paid(gate));
    app.get(["/sold/text", "/free/text"], (_request, response) => void response.send(goods));
    app.all("/sold/file", (request, response) => {
      seen.push(request.headers, request.rawHeaders, request.headersDistinct, request.fresh);
      response.sendFile(file);
    });
  });
  return { ask, gate, seen };
}

async function tagOf(path: string): Promise<string> {
  const { ask } = await shop();
  return (await ask(path, { headers: { payment: "tag" } })).headers.get("etag") ?? "";
}

test.each([
  { path: "/sold/text", name: "if-none-match" },
  { path: "/sold/text", name: "if-none-match", value: "*" },
  { path: "/sold/file", name: "if-none-match" },
  { path: "/sold/file", name: "if-modified-since", value: "Fri, 01 Jan 2100 00:00:00 GMT" },
  { path: "/sold/file", name: "range", value: "bytes=0-2" },
  { path: "/sold/file", name: "range", value: "bytes=99999999-" },
  { path: "/sold/file", name: "if-match", value: '"another"' },
  { path: "/sold/file", name: "if-unmodified-since", value: longAgo },
])("$path with $name: $value is sold in full, and told again to a retry without it", async ({ path, name, value }) => {
  const { ask, gate } = await shop();
  // Node's fetch would send "no-cache" with a condition, and Express makes no 304 then.
  const condition = { [name]: value ?? (await tagOf(path)), "cache-control": "max-age=0" };
  const whole = path.endsWith("text") ? goods : readFileSync(file, "utf8");
  for (const more of [condition, {}, condition]) {
    const answer = await ask(path, { headers: { payment: "one", ...more } });
    expect([answer.status, await answer.text()]).toEqual([200, whole]);
  }
  expect(gate.charged).toEqual(["one"]);
});

test("no view of the request shows its handler a condition", async () => {
  const { ask, seen } = await shop();
  await ask("/sold/file", { headers: { payment: "one", "If-None-Match": "*", Range: "bytes=0-2", "x-own": "kept" } });
  expect(JSON.stringify(seen)).not.toMatch(/none-match|range/i);
  expect(JSON.stringify(seen).match(/"x-own"/g)).toHaveLength(3);
});

test("a condition that is the first of the headers is hidden, too", async () => {
  const { ask, seen } = await shop();
  const headers = ["Range", "bytes=0-2", "Host", "h", "payment", "one"];
  const [answer] = await once(httpRequest({ port: ask.port, path: "/sold/file", headers }).end(), "response");
  await once(answer.resume(), "end");
  expect([answer.statusCode, JSON.stringify(seen)]).toEqual([200, expect.not.stringMatching(/range/i)]);
});

test("a POST whose handler sends a file is sold in full", async () => {
  const { ask } = await shop();
  const init = { method: "POST", headers: { payment: "one", range: "bytes=0-2" } };
  expect(await (await ask("/sold/file", init)).text()).toBe(readFileSync(file, "utf8"));
});

test("a request that is not sold is answered as it asks", async () => {
  const { ask } = await shop();
  const etag = (await ask("/free/text")).headers.get("etag") ?? "";
  expect((await ask("/free/text", { headers: { "if-none-match": etag, "cache-control": "max-age=0" } })).status).toBe(
    304,
  );
});
