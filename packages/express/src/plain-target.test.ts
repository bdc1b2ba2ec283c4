// Paths that look free to a router, and that a file server behind it reads as a path that is sold.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { RequestContext } from "@tollbooth-stores/http";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

type Sells = (context: RequestContext) => boolean;
const byPath: Sells = ({ path, method }) => path.startsWith("/sold") && method === "GET";
const byDecodedPath: Sells = ({ decodedPath = "", method }) => decodedPath.startsWith("/sold") && method === "GET";

/** `rewrites`: what middleware in front makes of a target. */
async function shop(sells: Sells, rewrites: Record<string, string> = {}) {
  const app = await listen((express) => {
    express.use((request, _response, next) => {
      request.url = rewrites[request.url] ?? request.url;
      next();
    });
    express.use(paid({ ...fakeGate(), sells, handle: async () => ({ status: 402, headers: {}, body: Buffer.of() }) }));
    express.use((_request, response) => response.send("given away"));
  });
  return async (target: string, method = "GET"): Promise<[string, number]> => {
    const [answer] = await once(httpRequest({ port: app.port, path: target, method }).end(), "response");
    answer.resume();
    return [target, answer.statusCode];
  };
}

test("a path with dots that leave their segment, or lead to what is sold, is refused, however they and their slashes are written", async () => {
  const statusOf = await shop(byPath);
  for (const target of [
    ...["/x/../free", "/./free", "/x/..", "/sold/../free", "/x/%2e%2e/free", "/x/.%2E/free", "/%2e/free"],
    ...["/x%2f..%2F..%2Ffree", "/x%5c..%5C..%5Cfree", "/x%2f..%2Fsold", "/x%5c..%5Csold", "/x\\..\\free"],
    // Not to be decoded.
    ...["/%zz/../free", "/%zz\\..\\free"],
  ]) {
    expect(await statusOf(target)).toEqual([target, 404]);
  }
});

test.each([
  ["path", byPath],
  ["decoded path", byDecodedPath],
])("a path that is sold only when it is decoded is refused, by a gate that sells by the %s", async (_which, sells) => {
  const statusOf = await shop(sells);
  for (const target of ["/%73old", "/%73old%2fa", "/sol%64"]) expect(await statusOf(target)).toEqual([target, 404]);
  expect(await statusOf("/%73old", "POST")).toEqual(["/%73old", 200]);
});

test("what has neither goes on: sold as it is, or passed", async () => {
  const statusOf = await shop(byPath);
  expect(await statusOf("/sold/a%2Fb")).toEqual(["/sold/a%2Fb", 402]);
  for (const target of [
    "/free.txt",
    "/fr..ee",
    "/.../free",
    "/..free",
    "/.well-known/x",
    "/%zz",
    "/free?a=/../b",
    "/x%2f..%2Ffree",
  ]) {
    expect(await statusOf(target)).toEqual([target, 200]);
  }
});

test("a path that middleware has rewritten is looked at as it was sent, and as it is now", async () => {
  const rewrites = { "/a/../b": "/free", "/dots": "/x/../free", "/spelt": "/%73old", "/plain": "/free" };
  const statusOf = await shop(byDecodedPath, rewrites);
  for (const target of Object.keys(rewrites)) {
    expect(await statusOf(target)).toEqual([target, target === "/plain" ? 200 : 404]);
  }
});
