// What the README says of answers that are too large: to be kept, and to be held. Each sentence stands beside what happens.
import { readFileSync } from "node:fs";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { paid } from "./fetch.ts";
import { ask, handler, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";

const shop = shopForEachTest();
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8").replace(/\s+/g, " ");
const headers = async () => paymentHeader((await makePayment(await shop.controls.payer())).payload);

describe.each<[which: string, PaidRoutesOptions["answers"], bytes: number, isKept: boolean]>([
  ["is kept", {}, 32_768, true],
  ["is larger than `answers.maxBytes`", {}, 32_769, false],
  ["is kept", { maxBytes: 100_000 }, 48_000, true],
  ["in base64 is larger than the store's `maxValueBytes` (65,536)", { maxBytes: 100_000 }, 49_152, false],
])("an answer that %s, with answers: %j, of %s bytes", (which, answers, bytes, isKept) => {
  const body = new Uint8Array(bytes).fill(7);
  const opened = () => shop.gate(undefined, { answers, collector: () => "mine" });

  test("is sold, and its duplicate gets it again or 409, as the README says", async () => {
    expect(readme).toContain(
      "**A larger answer than `answers.maxBytes`, or in base64 than the store's `maxValueBytes` (65,536), is sold all the same and not kept**",
    );
    const [gate, serve, request] = [opened(), handler({ body }), requestTo("/quote", await headers())];
    const sold = await ask(gate, serve, request);
    expect([sold?.status, sold?.body.byteLength, sold?.headers["payment-response"] === undefined]).toEqual([
      200,
      bytes,
      false,
    ]);
    expect([(await ask(gate, serve, request))?.status, which === "is kept"]).toEqual([isKept ? 200 : 409, isKept]);
    expect([serve.mock.calls.length, shop.controls.counts().transfers]).toEqual([1, 1]);
  });

  test("is told again or made again where its payer did not get it, for one charge, as the README says", async () => {
    expect(readme).toContain("if its payer does not get it, the handler makes it again, and a duplicate gets 409.");
    const [gate, serve, request] = [opened(), handler({ body }), requestTo("/quote", await headers())];
    await shop.controls.fault({ on: "settle", fail: "after", times: 1 });
    expect(await ask(gate, serve, request)).toMatchObject({ status: 503, error: "settlement_pending" });
    const sold = await ask(gate, serve, request);
    expect([sold?.status, sold?.body.byteLength, serve.mock.calls.length]).toEqual([200, bytes, isKept ? 1 : 2]);
    expect(shop.controls.counts().transfers).toBe(1);
  });
});

test("an answer above `maxAnswerBytes` is refused before it is settled, as the README says", async () => {
  expect(readme).toContain("up to `maxAnswerBytes` (64 MiB; beyond: a RangeError, and nothing is charged).");
  const made = new Request("https://shop.example/quote", { headers: await headers() });
  const GET = paid(shop.gate(), () => new Response("too long"), { maxAnswerBytes: 7 });
  await expect(GET(made)).rejects.toThrow(RangeError);
  expect(shop.controls.counts()).toMatchObject({ transfers: 0 });
  expect(shop.controls.logged("facilitator", "settle")).toEqual([]);
});
