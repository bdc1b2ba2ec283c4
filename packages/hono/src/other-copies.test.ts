// Responses and errors of another copy of fetch or Hono, or of another realm: `instanceof` does not know them.
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";

const headers = { payment: "one" };

/** As a polyfill's: it has all that a Response has, its bytes are of another realm, and it is no instance of ours. */
function foreignResponse(text: string): Response {
  const chunk: Uint8Array = runInNewContext("(codes) => Uint8Array.from(codes)")(Buffer.from(text));
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(chunk);
      controller.close();
    },
  });
  return new Proxy(new Response(stream, { status: 201, headers: { "x-own": "1" } }), {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    getPrototypeOf: () => null,
  });
}

test("a response of another copy of fetch is sold as it is, and told again", async () => {
  expect(foreignResponse("")).not.toBeInstanceOf(Response);
  const gate = fakeGate();
  const app = new Hono().get("/sold", paid(gate), () => foreignResponse("theirs"));
  for (const _time of ["first", "again"]) {
    const sold = await app.request("/sold", { headers });
    expect([sold.status, sold.headers.get("x-own"), await sold.text()]).toEqual([201, "1", "theirs"]);
  }
  expect(gate.charged).toEqual(["one"]);
});

test("an HTTPException of another copy of Hono answers as it says, and nothing is charged", async () => {
  const { HTTPException: Other }: { HTTPException: typeof HTTPException } = createRequire(import.meta.url)(
    "hono/http-exception",
  );
  const refusal = new Other(403, { message: "Not you." });
  expect(refusal).not.toBeInstanceOf(HTTPException);
  const gate = fakeGate();
  const app = new Hono().get("/sold", paid(gate), () => {
    throw refusal;
  });
  const answer = await app.request("/sold", { headers });
  expect([answer.status, await answer.text(), gate.charged]).toEqual([403, "Not you.", []]);
});

test("an error of another realm, which Hono throws, is thrown, and nothing is charged", async () => {
  const theirs: unknown = runInNewContext('new TypeError("Theirs.")');
  expect(theirs).not.toBeInstanceOf(Error);
  const gate = fakeGate();
  const app = new Hono().get("/sold", paid(gate), () => {
    throw theirs;
  });
  await expect(app.request("/sold", { headers })).rejects.toBe(theirs);
  expect(gate.charged).toEqual([]);
});
