// The page over HTTP, as a fleet's front gives it out: its headers, and what is not there.

import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { portOf } from "../process/port-of.ts";
import { programs } from "../testing/test-system.ts";
import { pageFiles } from "./page-files.ts";

let server: Server;
beforeAll(async () => {
  const files = pageFiles(new URL("dashboard/", programs));
  server = createServer((asked, response) => {
    if (asked.url === "/") files.page(asked, response);
    else if (!files.file(asked.url ?? "", response)) response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.close();
});

async function ask(path: string, headers: Record<string, string> = {}, method = "GET") {
  const { port } = portOf(server, "127.0.0.1");
  const sent = request({ host: "127.0.0.1", port, path, method, headers }).end();
  const [response] = await once(sent, "response");
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: Number(response.statusCode), headers: response.headers, body };
}

test("the page keeps everything foreign out, and is never kept itself", async () => {
  const { status, headers } = await ask("/");
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
  });
  const policy = String(headers["content-security-policy"]);
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|http/);
});

test("the page has no inline script or style, and nothing from elsewhere", async () => {
  const { body } = await ask("/");
  expect(body).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(body).not.toMatch(/<style|\bstyle=|\bon\w+=/);
  expect(body).not.toMatch(/(?:src|href)="(?!\/dashboard\/)/);
});

test("the script, the style sheet and the icon are there, and nothing else of the folder", async () => {
  for (const [path, type] of [
    ["main.js", "text/javascript"],
    ["main.css", "text/css"],
    ["icon.svg", "image/svg+xml"],
  ]) {
    const { status, headers, body } = await ask(`/dashboard/${path}`);
    expect([status, String(headers["content-type"]).split(";")[0]]).toEqual([200, type]);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(body.length).toBeGreaterThan(100);
  }
  for (const path of ["index.html", "", "../main.js", "%2e%2e/main.js", "..%2fmain.js", "constructor"])
    expect((await ask(`/dashboard/${path}`)).status).toBe(404);
});

test("the style sheet and the script ask for nothing from elsewhere", async () => {
  const css = (await ask("/dashboard/main.css")).body;
  expect(css).not.toMatch(/url\(|@import/);
  const script = (await ask("/dashboard/main.js")).body;
  const addresses = [...script.matchAll(/https?:\/\/[^\s"'`]+/g)].map(([address]) => address);
  // The names of XML's vocabularies, which are never fetched.
  expect(addresses.filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([]);
});

test("HEAD gets the headers alone", async () => {
  const { status, headers, body } = await ask("/", {}, "HEAD");
  expect([status, body]).toEqual([200, ""]);
  expect(headers["content-security-policy"]).toBeDefined();
});
