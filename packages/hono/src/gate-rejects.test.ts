// A gate that fails while its handlers are at work: onError answers, and the handlers give nothing away.
import type { PaidGate } from "@tollbooth-stores/http";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { paid } from "./paid.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const rejecting: PaidGate = {
  async handle(_context, _body, serve) {
    serve({ key: "one", fence: "1", signal: new AbortController().signal }).catch(() => undefined);
    throw new Error("A hook has failed.");
  },
};

test("what handlers set while onError takes its time is not on its answer", async () => {
  let isDone = false;
  const app = new Hono().onError(async ({ message }, c) => {
    await expect.poll(() => isDone, { interval: 2 }).toBe(true);
    return c.text(message, 500);
  });
  app.get("/sold", paid(rejecting), async (c) => {
    await pause(5);
    c.header("x-late", "yes");
    c.res = new Response("goods");
    isDone = true;
    return c.text("goods");
  });
  const answer = await app.request("/sold");
  expect([answer.status, await answer.text(), answer.headers.get("x-late")]).toEqual([
    ...[500, "A hook has failed."],
    null,
  ]);
});
