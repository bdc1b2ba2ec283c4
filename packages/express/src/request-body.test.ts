// Bodies that paid() reads: what the payment is bound to, and what handlers find.
import { gzipSync } from "node:zlib";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { expect, test } from "vitest";
import { listen } from "./app.test-support.ts";
import { paid } from "./paid.ts";

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
