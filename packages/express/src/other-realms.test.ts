// Bytes and errors of another realm, such as those of a test runner's or a plugin's `node:vm` context: `instanceof` does not know them.
import { runInNewContext } from "node:vm";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import type { ErrorRequestHandler } from "express";
import { expect, test } from "vitest";
import { failOnCrash, listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";
import { rawBody } from "./request-body.ts";

failOnCrash();

const headers = { payment: "one" };

test("bytes of another realm, which Node takes, are sold whole, also where writers wait", async () => {
  const bytes: Uint8Array = runInNewContext("new Uint8Array(100_000).fill(7)");
  expect(bytes).not.toBeInstanceOf(Uint8Array);
  const gate = fakeGate();
  let mayGoOn: boolean | undefined;
  const app = await listen((express) => {
    express.use((request, response, next) => {
      rawBody(request, response, bytes);
      next();
    });
    express.get("/sold", paid(gate), (_request, response) => {
      mayGoOn = response.write(bytes);
      response.end(bytes);
    });
  });
  const sold = await app("/sold", { headers });
  expect([sold.status, (await sold.arrayBuffer()).byteLength, mayGoOn]).toEqual([200, 200_000, false]);
  expect([gate.charged, gate.asked[0]?.body]).toEqual([["one"], bytes]);
});

test("an error of another realm reaches the application's error handler, and nothing is charged", async () => {
  const theirs: unknown = runInNewContext('new TypeError("Theirs.")');
  expect(theirs).not.toBeInstanceOf(Error);
  const gate = fakeGate();
  const seen: unknown[] = [];
  const app = await listen((express) => {
    express.get("/sold", paid(gate), () => {
      throw theirs;
    });
    const onError: ErrorRequestHandler = (error, _request, response, _next) => {
      seen.push(error);
      response.status(500).json({ told: true });
    };
    express.use(onError);
  });
  const answer = await app("/sold", { headers });
  expect([answer.status, await answer.json()]).toEqual([500, { told: true }]);
  expect([seen, gate.charged]).toEqual([[theirs], []]);
});
