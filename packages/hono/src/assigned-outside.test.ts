// Work that lost the handlers' async context, and assigns c.res: what it assigns is neither given away nor sold.
import { AsyncLocalStorage } from "node:async_hooks";
import { fakeGate } from "@tollbooth-stores/http-testkit";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { expect, test } from "vitest";
import { asker, bothWays } from "./both-ways.test-support.ts";
import { paid } from "./paid.ts";

const outside = AsyncLocalStorage.snapshot();
const assign = (c: Context) =>
  outside(() => {
    c.res = new Response("goods", { headers: { "x-goods": "1" } });
  });

const handlers: Record<string, MiddlewareHandler> = {
  assigns: async (c) => assign(c),
  "assigns and returns it": async (c) => {
    assign(c);
    return outside(() => c.res);
  },
  "assigns later": async (c) => {
    await new Promise<void>((resolve) =>
      setTimeout(() => {
        assign(c);
        resolve();
      }, 5),
    );
  },
};
const cases = bothWays.flatMap((way) => Object.entries(handlers).map(([how, handler]) => ({ way, how, handler })));

test.each(cases)("by $way, a handler that $how outside of its context is an error", async ({ way, handler }) => {
  const gate = fakeGate();
  const app = new Hono().onError((error, c) => c.text(error.message, 500));
  app.get("/sold", paid(gate), handler);
  const answer = await (await asker(app, way))("/sold", { headers: { payment: "one" } });
  expect([answer.status, answer.headers.get("x-goods")]).toEqual([500, null]);
  expect([await answer.text(), gate.charged]).toEqual([expect.stringContaining("c.res was assigned outside"), []]);
});

test("what is assigned so while the payment is settled takes no goods' place", async () => {
  const gate = fakeGate();
  const { handle } = gate;
  let sold: Context | undefined;
  const settling: typeof gate = Object.assign(Object.create(gate), {
    handle: async (...given: Parameters<typeof handle>) => {
      const answer = await handle.apply(gate, given);
      outside(() => {
        if (sold !== undefined) sold.res = new Response("other");
      });
      return answer;
    },
  });
  const app = new Hono();
  app.get("/sold", paid(settling), (c) => {
    sold = c;
    return c.text("goods");
  });
  const answer = await app.request("/sold", { headers: { payment: "one" } });
  expect([answer.status, await answer.text(), gate.charged]).toEqual([200, "goods", ["one"]]);
});
