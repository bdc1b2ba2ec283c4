// A buyer, or its HTTP cache, asks for a part, or only for what has changed. A payment buys the whole answer.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import { paid } from "./fetch.ts";
import { ask, handler, oneCent, origin, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();
const payment = async () => paymentHeader((await makePayment(await shop.controls.payer())).payload);
const transfers = () => shop.controls.counts().transfers;
const collector = () => "mine";
const notModified = { status: 304, headers: { etag: '"1"' }, body: new Uint8Array() };

describe("a handler that answers 304 all the same", () => {
  test("sold nothing: it is its error, and the payment buys the answer later", async () => {
    const gate = shop.gate();
    const request = requestTo("/quote", await payment());
    await expect(ask(gate, handler(notModified), request)).rejects.toThrow("if-none-match");
    expect(transfers()).toBe(0);
    expect(await ask(gate, handler(), request)).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });

  test("leaves a payment that was settled first owed, and tells the seller", async () => {
    const onHandlerError = vi.fn();
    const gate = shop.gate(undefined, { order: "settle-then-serve", onHandlerError });
    const request = requestTo("/quote", await payment());
    expect(await ask(gate, handler(notModified), request)).toMatchObject({ status: 503, error: "owed" });
    expect(onHandlerError).toHaveBeenCalledExactlyOnceWith(expect.any(TypeError));
    expect(await ask(gate, handler(), request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect(transfers()).toBe(1);
  });
});

/** As file servers and caches in front of a handler do it. */
function answerTo(request: Request): Response {
  if (request.headers.get("if-none-match") === '"1"') return new Response(null, notModified);
  if (request.headers.has("if-match")) return new Response(null, { status: 412 });
  if (!request.headers.has("range")) return new Response("the goods", { headers: { etag: '"1"' } });
  return new Response("the", { status: 206, headers: { "content-range": "bytes 0-2/9" } });
}

test.each<[string, Record<string, string>]>([
  ["If-None-Match", { "if-none-match": '"1"' }],
  ["If-Match", { "if-match": '"0"' }],
  ["Range", { range: "bytes=0-2" }],
])("a fetch handler answers a request with %s in full, and so does each retry", async (_name, condition) => {
  const GET = paid(shop.gate({ "GET /quote": { accepts: oneCent } }, { collector }), answerTo);
  const paying = await payment();
  for (const more of [condition, {}, { "if-none-match": '"1"' }, { range: "bytes=0-2" }]) {
    const answer = await GET(new Request(`${origin}/quote`, { headers: { ...paying, ...more } }));
    expect([answer.status, await answer.text()]).toEqual([200, "the goods"]);
  }
  expect(transfers()).toBe(1);
});

test("a request that is not sold is answered as it asks", async () => {
  const GET = paid(shop.gate(), answerTo, { unsold: "pass" });
  const answer = await GET(new Request(`${origin}/free`, { headers: { "if-none-match": '"1"' } }));
  expect(answer.status).toBe(304);
});
