// What the SDK goes on deciding: prices of the request, several ways to pay, the paywall, hooks, extensions; and its flows.
import { buyer, makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import type { PaymentOption } from "@x402/core/http";
import { type RoutesConfig, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { describe, expect, test, vi } from "vitest";
import { ask, handler, network, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const made = async (forgery = {}) => makePayment(await shop.controls.payer(), forgery);
const quote = (payload: unknown, more: Record<string, string> = {}) =>
  requestTo("/quote", { ...paymentHeader(payload), ...more });
const transfers = () => shop.controls.logged("ledger", "transfer").map(({ value }) => value);
const accepting = (...accepts: PaymentOption[]): RoutesConfig => ({ "GET /quote": { accepts } });

describe("prices", () => {
  test("may depend on the request", async () => {
    const price = ({ path }: { path: string }) => (path === "/quote" ? "$0.03" : "$9");
    const gate = shop.gate(accepting({ ...oneCent, price }));
    const serve = handler();
    const unpaid = await ask(gate, serve, requestTo("/quote"));
    expect(required(unpaid).accepts).toMatchObject([{ amount: "30000" }]);
    expect((await ask(gate, serve, quote((await made()).payload)))?.status).toBe(402);
    expect((await ask(gate, serve, quote((await made({ value: "30000" })).payload)))?.status).toBe(200);
    expect(transfers()).toEqual(["30000"]);
  });

  test("that cannot be told are the seller's error, thrown", async () => {
    const bug = new Error("no price");
    const gate = shop.gate(accepting({ ...oneCent, price: () => Promise.reject(bug) }));
    await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toBe(bug);
  });

  test("of several ways to pay are each taken as they are", async () => {
    const gate = shop.gate(accepting({ ...oneCent, price: "$0.05" }, oneCent));
    const serve = handler();
    for (const value of ["50000", "10000"]) {
      expect((await ask(gate, serve, quote((await made({ value })).payload)))?.status).toBe(200);
    }
    expect((await ask(gate, serve, quote((await made({ value: "20000" })).payload)))?.status).toBe(402);
    expect(transfers()).toEqual(["50000", "10000"]);
  });
});

describe("a browser", () => {
  const browser = { accept: "text/html,*/*", "user-agent": "Mozilla/5.0" };

  test("gets the paywall's page as it is", async () => {
    const gate = shop.gate();
    gate.http.registerPaywallProvider({ generateHtml: ({ resource }) => `<h1>Pay for ${resource.url}</h1>` });
    expect(await ask(gate, handler(), requestTo("/quote", browser))).toMatchObject({
      status: 402,
      text: "<h1>Pay for https://shop.example/quote</h1>",
      headers: { "content-type": "text/html", "payment-required": expect.any(String) },
    });
  });

  test("that pays is served", async () => {
    expect(await ask(shop.gate(), handler(), quote((await made()).payload, browser))).toMatchObject({
      status: 200,
      text: '{"quote":1}',
    });
  });
});

describe("hooks", () => {
  test("may give free access: the next handler answers", async () => {
    const gate = shop.gate();
    gate.http.onProtectedRequest(async ({ adapter }) => {
      if (adapter.getHeader("x-api-key") === "friend") return { grantAccess: true };
    });
    expect(await ask(gate, handler(), requestTo("/quote", { "x-api-key": "friend" }))).toBeUndefined();
    expect((await ask(gate, handler(), requestTo("/quote")))?.status).toBe(402);
  });

  test("may deny a request, paid or not: 403, and nothing is verified", async () => {
    const gate = shop.gate();
    gate.http.onProtectedRequest(async () => ({ abort: true, reason: "not from here" }));
    const serve = handler();
    for (const request of [requestTo("/quote"), quote((await made()).payload)]) {
      expect(await ask(gate, serve, request)).toMatchObject({ status: 403, error: "not from here" });
    }
    expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
  });

  test("that deny a request do so for a payment that was delivered, too", async () => {
    const gate = shop.gate(undefined, { collector: () => "mine" });
    const request = quote((await made()).payload);
    expect((await ask(gate, handler(), request))?.status).toBe(200);
    gate.http.onProtectedRequest(async () => ({ abort: true, reason: "not from here" }));
    expect((await ask(gate, handler(), request))?.status).toBe(403);
  });

  test("run once for a request, also where the payment is rejected", async () => {
    const gate = shop.gate();
    const hook = vi.fn(async () => undefined);
    gate.http.onProtectedRequest(hook);
    const { payload } = await made();
    payload.payload.signature = `0x${"11".repeat(64)}1b`;
    expect((await ask(gate, handler(), quote(payload)))?.status).toBe(402);
    expect(hook).toHaveBeenCalledTimes(1);
  });

  test("of the server run around verify and settle, once for 5 copies", async () => {
    const [verified, settled] = [vi.fn(async () => undefined), vi.fn(async () => undefined)];
    const server = shop.server().onAfterVerify(verified).onAfterSettle(settled);
    const gate = shop.gate(undefined, {}, server);
    const request = quote((await made()).payload);
    await Promise.all(Array.from({ length: 5 }, () => ask(gate, handler(), request)));
    expect([verified.mock.calls.length, settled.mock.calls.length]).toEqual([1, 1]);
  });

  test("that abort the verification give 402 with their reason", async () => {
    const server = shop.server().onBeforeVerify(async () => ({ abort: true, reason: "payer_is_blocked" }));
    const refused = await ask(shop.gate(undefined, {}, server), handler(), quote((await made()).payload));
    expect([refused?.status, required(refused).error]).toEqual([402, "payer_is_blocked"]);
  });

  test("that abort the settlement are believed where their reason is among the refusals", async () => {
    const server = shop.server().onBeforeSettle(async () => ({ abort: true, reason: "closed_today" }));
    const refusals = new Map([["closed_today", { used: false }]]);
    const refused = await ask(shop.gate(undefined, { refusals }, server), handler(), quote((await made()).payload));
    expect([refused?.status, required(refused).error]).toEqual([402, "closed_today"]);
    const doubt = await ask(shop.gate(undefined, {}, server), handler(), quote((await made()).payload));
    expect(doubt?.status).toBe(503);
    expect(transfers()).toEqual([]);
  });

  test("that skip the handler are an error, and nothing is charged", async () => {
    const server = shop.server().onAfterVerify(async () => ({ skipHandler: true }));
    const serve = handler();
    await expect(ask(shop.gate(undefined, {}, server), serve, quote((await made()).payload))).rejects.toThrow(
      "skip the handler",
    );
    expect([serve.mock.calls.length, transfers()]).toEqual([0, []]);
  });
});

describe("extensions", () => {
  const declared = { note: { info: { shop: "mine" } } };
  const routes: RoutesConfig = { "GET /quote": { accepts: oneCent, extensions: declared } };

  test("are advertised, compared with the payment's echo, and told to the settlement's answer", async () => {
    const server = shop.server().registerExtension({
      key: "note",
      enrichDeclaration: (declaration) => ({ ...Object(declaration), enriched: true }),
      enrichSettlementResponse: async () => ({ thanks: true }),
    });
    const gate = shop.gate(routes, {}, server);
    const unpaid = await ask(gate, handler(), requestTo("/quote"));
    expect(required(unpaid).extensions).toEqual({ note: { info: { shop: "mine" }, enriched: true } });
    const echo = async (info: object) => ({ ...(await made()).payload, extensions: { note: { info } } });
    const wrong = await ask(gate, handler(), quote(await echo({ shop: "yours" })));
    expect([wrong?.status, required(wrong).error]).toEqual([402, "extension_echo_mismatch"]);
    const sold = await ask(gate, handler(), quote(await echo({ shop: "mine" })));
    const receipt = JSON.parse(Buffer.from(sold?.headers["payment-response"] ?? "", "base64").toString());
    expect([sold?.status, receipt.extensions]).toEqual([200, { note: { thanks: true } }]);
  });
});

test("an extension's hooks run for a payment on a route that declares it: at verify and at settle", async () => {
  const [verified, settled] = [vi.fn(async () => undefined), vi.fn(async () => undefined)];
  const hooks = { onAfterVerify: verified, onAfterSettle: settled };
  const server = shop.server().registerExtension({ key: "note", hooks });
  const routes: RoutesConfig = {
    "GET /quote": { accepts: oneCent, extensions: { note: { info: { shop: "mine" } } } },
    "GET /plain": { accepts: oneCent },
  };
  const gate = shop.gate(routes, {}, server);
  expect((await ask(gate, handler(), quote((await made()).payload)))?.status).toBe(200);
  const plain = requestTo("/plain", paymentHeader((await made()).payload));
  expect((await ask(gate, handler(), plain))?.status).toBe(200);
  expect([verified.mock.calls.length, settled.mock.calls.length]).toEqual([1, 1]);
});

describe("payment flows", () => {
  test("upfront settles first: a handler's 500 is charged and owed, and the retry is served", async () => {
    const upfront = { ...oneCent, extra: { paymentFlow: "upfront" } };
    const gate = shop.gate(accepting(upfront));
    const customer = buyer(await shop.controls.payer());
    const unpaid = await ask(gate, handler(), requestTo("/quote"));
    const price = await customer.readPrice(new Response("{}", { status: 402, headers: unpaid?.headers ?? {} }));
    const header = Object.values(customer.headersOf(await customer.sign(price)))[0] ?? "";
    const request = requestTo("/quote", { "payment-signature": header });
    expect(await ask(gate, handler({ status: 500 }), request)).toMatchObject({ status: 503, error: "owed" });
    expect(transfers()).toEqual(["10000"]);
    expect((await ask(gate, handler(), request))?.status).toBe(200);
    expect(transfers()).toEqual(["10000"]);
    expect(shop.controls.logged("facilitator", "settle")).toHaveLength(1);
  });

  test("escrow is refused at the start, with words", async () => {
    const scheme = new ExactEvmScheme();
    const paymentFlows = { ...scheme.paymentFlows, eip3009: { default: "escrow", supported: ["escrow"] } } as const;
    const escrow = Object.assign(Object.create(scheme), { paymentFlows });
    const server = new x402ResourceServer(shop.facilitator).register(network, escrow);
    const opening = () => shop.gate(accepting(oneCent), {}, server);
    expect(opening).toThrow('"GET /quote" (exact on eip155:84532): escrow settles twice');
    expect(opening).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
    // Registered after the gate was made.
    const late = new x402ResourceServer(shop.facilitator);
    const gate = shop.gate(accepting(oneCent), {}, late);
    late.register(network, escrow);
    await expect(gate.initialize()).rejects.toThrow("escrow settles twice");
    await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toMatchObject({ code: "STORE_CONFIG" });
  });

  test.each([
    ["batch-settlement", network],
    ["auth-capture", network],
    ["upto", "solana:x"],
    ["exact", "aptos:1"],
    ["exact", "eip15:1"],
  ] as const)("%s on %s is refused, since no payment of it can be named", (scheme, on) => {
    const routes = accepting({ ...oneCent, scheme, network: on });
    expect(() => shop.gate(routes)).toThrow(`"GET /quote" (${scheme} on ${on}): of this scheme and network`);
    expect(() => shop.gate(routes)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
  });
});
