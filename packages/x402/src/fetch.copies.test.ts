// A fetch handler whose responses and errors are of another copy of fetch or of another realm: `instanceof` does not know them.
import { runInNewContext } from "node:vm";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { paid } from "./fetch.ts";
import { shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

test("a foreign error throws and is not charged, then a foreign response is sold for the same payment, and told again", async () => {
  const chunk: Uint8Array = runInNewContext("Uint8Array.of(104, 105)");
  const error: unknown = runInNewContext('new TypeError("Theirs.")');
  const made = {
    ...{ status: 201, bodyUsed: false, headers: new Headers({ "content-type": "text/plain" }) },
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(chunk);
        controller.close();
      },
    }),
  };
  expect([error instanceof Error, chunk instanceof Uint8Array]).toEqual([false, false]);
  let runs = 0;
  const GET = paid(shop.gate(undefined, { collector: () => "mine" }), (): Response => {
    runs += 1;
    if (runs === 1) throw error;
    return Object(made);
  });
  const headers = paymentHeader((await makePayment(await shop.controls.payer())).payload);
  const send = () => GET(new Request("http://made-up.example/quote", { headers }));
  await expect(send()).rejects.toBe(error);
  expect(shop.controls.counts().transfers).toBe(0);
  for (const _time of ["first", "again"]) {
    const sold = await send();
    expect([sold.status, sold.headers.get("content-type"), await sold.text()]).toEqual([201, "text/plain", "hi"]);
  }
  expect([runs, shop.controls.counts().transfers]).toEqual([2, 1]);
});
