// Which requests a payment that was charged at another price still buys something for: those that ask for the same, whatever way they come.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import type { HTTPRequestContext, PaymentOption } from "@x402/core/http";
import { describe, expect, test } from "vitest";
import { leaveWhileSettling } from "./leave-while-settling.test-support.ts";
import { ask, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();
const settlesFirst = { order: "settle-then-serve" } as const;
const bytes = (text: string) => new TextEncoder().encode(text);
const payment = async () => paymentHeader((await makePayment(await shop.controls.payer())).payload);
const transfers = () => shop.controls.counts().transfers;
const gate = (route: string, price: PaymentOption["price"], options: object = {}) =>
  shop.gate({ [route]: { accepts: { ...oneCent, price } } }, { ...settlesFirst, ...options });

describe("a body that its handler reads by its headers, as on Express", () => {
  /** JSON has a value, and any other body is bytes. */
  const post = (headers: Record<string, string>, body: Uint8Array, signal?: AbortSignal) => {
    const context = requestTo("/chat", headers, { method: "POST", ...(signal && { signal }) });
    const isJson = headers["content-type"] === "application/json" && headers["content-encoding"] === undefined;
    const getBody = () => (isJson ? JSON.parse(new TextDecoder().decode(body)) : body);
    return { ...context, adapter: { ...context.adapter, getBody } };
  };
  const byModel = ({ adapter }: HTTPRequestContext) => (Object(adapter.getBody?.()).model === "large" ? "$5" : "$0.01");
  const large = bytes('{"model":"large"}');

  test.each([{ "content-type": "text/plain" }, { "content-type": "application/json", "content-encoding": "br" }])(
    "what was charged as %j buys nothing of the same bytes as JSON",
    async (cheap) => {
      const shopGate = gate("POST /chat", byModel);
      const paid = await payment();
      await leaveWhileSettling(shop, shopGate, (signal) => post({ ...paid, ...cheap }, large, signal), large);
      const serve = handler();
      const json = { ...paid, "content-type": "application/json" };
      expect(await ask(shopGate, serve, post(json, large), large)).toMatchObject({ status: 409 });
      expect(serve).not.toHaveBeenCalled();
      expect(await ask(gate("POST /chat", "$7"), serve, post(json, large), large)).toMatchObject({ status: 409 });
      expect(await ask(gate("POST /chat", "$7"), serve, post({ ...paid, ...cheap }, large), large)).toMatchObject({
        status: 200,
      });
      expect(transfers()).toBe(1);
    },
  );
});

describe("a path that the router made of headers", () => {
  const routed = (decodedPath: string, headers: Record<string, string>, signal?: AbortSignal) => ({
    ...requestTo("/quote", headers, signal && { signal }),
    decodedPath,
  });
  const prices = (small: string) =>
    shop.gate(
      {
        "GET /quote": { accepts: { ...oneCent, price: small } },
        "GET /v1/quote": { accepts: { ...oneCent, price: small } },
        "GET /v2/quote": { accepts: { ...oneCent, price: "$5" } },
      },
      settlesFirst,
    );

  test.each(["/quote", "/v1/quote"])("what was charged at %s buys nothing at another route", async (path) => {
    const paid = await payment();
    await leaveWhileSettling(shop, prices("$0.01"), (signal) => routed(path, paid, signal));
    const serve = handler();
    expect(await ask(prices("$0.01"), serve, routed("/v2/quote", paid))).toMatchObject({ status: 409 });
    expect(serve).not.toHaveBeenCalled();
    expect(await ask(prices("$0.02"), serve, routed(path, paid))).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });
});

describe("headers of the way that a request takes, where a price is made of them", () => {
  const ofTheWay = ["user-agent", "accept-encoding", "x-forwarded-for", "x-real-ip", "cf-ipcountry", "traceparent"];

  test.each(ofTheWay)("%s: a charged payer whose retry differs there is served, at any price since", async (name) => {
    const byIt = (small: string) => (request: HTTPRequestContext) => {
      const value = name === "user-agent" ? request.adapter.getUserAgent() : request.adapter.getHeader(name);
      return value === "first" ? small : "$5";
    };
    const paid = await payment();
    await leaveWhileSettling(shop, gate("GET /quote", byIt("$0.01")), (signal) =>
      requestTo("/quote", { ...paid, [name]: "first" }, { signal }),
    );
    const again = requestTo("/quote", { ...paid, [name]: "second" });
    expect(await ask(gate("GET /quote", byIt("$0.02")), handler(), again)).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });
});

test("a copy with another value at the same price is the same purchase: it is told the answer that was made", async () => {
  const byTier = ({ adapter }: HTTPRequestContext) => (adapter.getHeader("x-tier") === "free" ? "$0" : "$0.01");
  const tiers = gate("GET /quote", byTier, { collector: () => "mine" });
  const paid = await payment();
  const serve = handler();
  const gold = await ask(tiers, serve, requestTo("/quote", { ...paid, "x-tier": "gold" }));
  const silver = await ask(tiers, serve, requestTo("/quote", { ...paid, "x-tier": "silver" }));
  expect([gold?.status, silver?.text]).toEqual([200, gold?.text]);
  expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
});
