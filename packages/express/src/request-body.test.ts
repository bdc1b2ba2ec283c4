// Bodies that paid() reads: what the payment is bound to, and what handlers find.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import express from "express";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";
import { bodyOf, rawBody } from "./request-body.ts";

async function shop() {
  const gate = fakeGate();
  const app = await listen((app) =>
    app.post("/sold", paid(gate), (request, response) => {
      response.json({ isBuffer: Buffer.isBuffer(request.body), body: request.body });
    }),
  );
  const send = async (body: Buffer<ArrayBuffer>, encoding: string) => {
    const headers = { payment: "one", "content-type": "application/json", "content-encoding": encoding };
    const answer = await app("/sold", { method: "POST", body, headers });
    return { status: answer.status, told: Object(await answer.json()), bound: gate.asked[0]?.body };
  };
  return { send };
}

test("a body with a content-encoding is a Buffer of the bytes that came", async () => {
  const bytes = Buffer.from(gzipSync('{"a":1}'));
  const { status, told, bound } = await (await shop()).send(bytes, "gzip");
  expect([status, told.isBuffer, Buffer.from(told.body.data ?? [])]).toEqual([200, true, bytes]);
  expect(Buffer.from(bound ?? [])).toEqual(bytes);
});

test("identity is no encoding, and JSON with a byte order mark is JSON", async () => {
  const bytes = Buffer.from('\uFEFF{"a":1}');
  const { status, told, bound } = await (await shop()).send(bytes, "Identity");
  expect([status, told]).toEqual([200, { isBuffer: false, body: { a: 1 } }]);
  expect(Buffer.from(bound ?? [])).toEqual(bytes);
});

test("a space after the type leaves it that of JSON", async () => {
  const gate = fakeGate();
  const app = await listen((app) =>
    app.post("/sold", paid(gate), (request, response) => void response.json(request.body)),
  );
  const headers = { payment: "one", "content-type": "application/json ; charset=utf-8" };
  expect(await (await app("/sold", { method: "POST", body: '{"a":1}', headers })).json()).toEqual({ a: 1 });
});

test.each([
  ["no length", "GET", {}],
  ["a length of 0", "POST", { "content-length": "0" }],
  ["chunks, of which there are none,", "POST", { "transfer-encoding": "chunked" }],
])(
  "a request with %s that others have read to its end is sold, and its handler finds no body",
  async (_how, method, more) => {
    const gate = fakeGate();
    const app = await listen((app) => {
      app.use((request, _response, next) => void request.resume().once("close", next));
      app.all("/sold", paid(gate), (request, response) => void response.json({ body: typeof request.body }));
    });
    const signal = AbortSignal.timeout(1_000);
    const asking = httpRequest({ port: app.port, path: "/sold", method, headers: { payment: "one", ...more }, signal });
    const [answer] = await once(asking.end(), "response");
    expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([200, { body: "undefined" }]);
    expect(gate.asked.map(({ body }) => body.byteLength)).toEqual([0]);
  },
);

test("a length beyond maxBodyBytes is 413 before the body comes, and one of just as many bytes is read", async () => {
  const app = await listen((app) =>
    app.post("/sold", paid(fakeGate(), { maxBodyBytes: 7 }), (request, response) => void response.send(request.body)),
  );
  const options = { port: app.port, path: "/sold", method: "POST", signal: AbortSignal.timeout(1_000) };
  const asking = httpRequest({ ...options, headers: { payment: "one", "content-length": 8 } });
  asking.flushHeaders();
  const [refused] = await once(asking, "response");
  asking.on("error", () => undefined).destroy();
  expect(refused.statusCode).toBe(413);
  const taken = await app("/sold", { method: "POST", body: "7 bytes", headers: { payment: "one" } });
  expect([taken.status, await taken.text()]).toEqual([200, "7 bytes"]);
});

test("a body that a parser has kept is 413 beyond maxBodyBytes too, and nothing is asked", async () => {
  const gate = fakeGate();
  const app = await listen((app) => {
    app.use(express.json({ verify: rawBody }));
    app.post("/sold", paid(gate, { maxBodyBytes: 7 }), (_request, response) => void response.send("sold"));
  });
  const send = (body: string) =>
    app("/sold", { method: "POST", body, headers: { payment: "one", "content-type": "application/json" } });
  expect([(await send('{"a":10}')).status, gate.asked]).toEqual([413, []]);
  expect((await send('{"a":1}')).status).toBe(200);
});

test("a client that leaves while its body is read has none, and its part of a body is not taken for one", async () => {
  const read: unknown[] = [];
  const app = await listen((app) =>
    app.post("/sold", async (request) => {
      const body = await bodyOf(request, 10);
      read.push([body, request.body]);
    }),
  );
  const upload = httpRequest({ port: app.port, path: "/sold", method: "POST" });
  upload.on("error", () => undefined).write("part", () => upload.destroy());
  await expect.poll(() => read, { interval: 5 }).toEqual([[undefined, undefined]]);
});
