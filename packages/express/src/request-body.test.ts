// Bodies that paid() reads: what the payment is bound to, and what handlers find.
import { request as httpRequest } from "node:http";
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
