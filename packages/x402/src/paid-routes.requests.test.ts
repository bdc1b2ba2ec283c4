// Requests that are no ordinary purchase: bad headers, other methods, upgrades, payments that last too long; and wrong options.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import { ask, cent, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const made = async (forgery = {}) => makePayment(await shop.controls.payer(), forgery);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
const seconds = (fromNow: number) => String(Math.floor(Date.now() / 1_000) + fromNow);

describe("a payment header", () => {
  test.each([
    ["that is no base64", "{}", 400, "malformed_payment"],
    ["that is no JSON", "eyJ4", 400, "malformed_payment"],
    ["that is no payment", base64({ x402Version: 2 }), 400, "malformed_payment"],
    [
      "of version 1, of which the SDK compares no amount",
      base64({ x402Version: 1, accepted: oneCent, payload: {} }),
      400,
      "malformed_payment",
    ],
    ["beyond 16,384 characters", "A".repeat(16_385), 431, "payment_too_large"],
  ])("%s is refused, never answered with 402", async (_what, header, status, error) => {
    const serve = handler();
    const answer = await ask(shop.gate(), serve, requestTo("/quote", { "payment-signature": header }));
    expect(answer).toMatchObject({ status, error });
    expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
  });

  test("whose payload is not of its scheme is 400, and names the field", async () => {
    const { payload } = await made();
    delete payload.payload.authorization.nonce;
    const answer = await ask(shop.gate(), handler(), requestTo("/quote", paymentHeader(payload)));
    expect(answer).toMatchObject({ status: 400, error: "malformed_payment", text: expect.stringContaining("nonce") });
  });

  test.each([
    ["a network that is none", { network: "eip155:x" }],
    ["an amount that is no number", { amount: "lots" }],
  ])("that claims %s is 400", async (_what, claim) => {
    const { payload } = await made();
    Object.assign(payload.accepted, claim);
    const answer = await ask(shop.gate(), handler(), requestTo("/quote", paymentHeader(payload)));
    expect(answer).toMatchObject({ status: 400, error: "malformed_payment" });
  });

  test("named X-PAYMENT is version 1, and told so", async () => {
    const answer = await ask(shop.gate(), handler(), requestTo("/quote", { "x-payment": "e30=" }));
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining("PAYMENT-SIGNATURE") });
  });

  test("that is valid for more than 31 days is refused: it would be forgotten before it ends", async () => {
    const gate = shop.gate();
    const serve = handler();
    const of = async (days: number) =>
      requestTo("/quote", paymentHeader((await made({ validBefore: seconds(days * 86_400 - 60) })).payload));
    expect(await ask(gate, serve, await of(32))).toMatchObject({ status: 400, error: "unsupported_payment" });
    expect(serve).not.toHaveBeenCalled();
    expect((await ask(gate, serve, await of(31)))?.status).toBe(200);
  });

  test("is remembered until it has ended: 30 days later it is 409", async () => {
    const gate = shop.gate();
    const request = requestTo("/quote", paymentHeader((await made({ validBefore: seconds(30 * 86_400) })).payload));
    expect((await ask(gate, handler(), request))?.status).toBe(200);
    shop.clock.advance(30 * 86_400_000);
    const before = shop.controls.counts();
    expect((await ask(gate, handler(), request))?.status).toBe(409);
    expect(shop.controls.counts()).toEqual(before);
  });
});

describe("HEAD", () => {
  test.each([["GET /quote"], ["/quote"]])("of the route %s tells the price, and runs no handler", async (pattern) => {
    const gate = shop.gate({ [pattern]: { accepts: oneCent } });
    const serve = handler();
    const answer = await ask(gate, serve, requestTo("/quote", {}, { method: "HEAD" }));
    expect(answer).toMatchObject({ status: 402, text: "", headers: { "payment-required": expect.any(String) } });
    expect(serve).not.toHaveBeenCalled();
  });

  test("with a payment is 405, and nothing is charged", async () => {
    const serve = handler();
    const request = requestTo("/quote", paymentHeader((await made()).payload), { method: "HEAD" });
    const answer = await ask(shop.gate(), serve, request);
    expect(answer).toMatchObject({ status: 405, text: "", headers: { allow: "GET" } });
    expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
  });

  test("passes where a hook gives free access, and where nothing is sold", async () => {
    const gate = shop.gate();
    expect(await ask(gate, handler(), requestTo("/free", {}, { method: "HEAD" }))).toBeUndefined();
    gate.http.onProtectedRequest(async () => ({ grantAccess: true }));
    expect(await ask(gate, handler(), requestTo("/quote", {}, { method: "HEAD" }))).toBeUndefined();
  });
});

test("a preflight is 204 and runs no handler, also where a route is sold for every method; another OPTIONS request is 402", async () => {
  const gate = shop.gate({ "/quote": { accepts: oneCent } });
  const preflight = { origin: "https://app.example", "access-control-request-method": "GET" };
  const serve = handler();
  const answer = await ask(gate, serve, requestTo("/quote", preflight, { method: "OPTIONS" }));
  expect([answer?.status, answer?.text]).toEqual([204, ""]);
  expect((await ask(gate, serve, requestTo("/quote", {}, { method: "OPTIONS" })))?.status).toBe(402);
  expect(serve).not.toHaveBeenCalled();
  expect(await ask(gate, serve, requestTo("/free", preflight, { method: "OPTIONS" }))).toBeUndefined();
});

test("sells says which requests are sold, asks no facilitator, and takes the router's view of a path too", async () => {
  const gate = shop.gate({ "GET /quote": { accepts: oneCent } });
  const sells = (path: string, method: string, decodedPath?: string) =>
    gate.sells({ ...requestTo(path, {}, { method }), ...(decodedPath !== undefined && { decodedPath }) });
  expect([sells("/quote", "GET"), sells("/%71uote/", "get"), sells("/quote", "HEAD")]).toEqual([true, true, true]);
  expect([sells("/other", "GET"), sells("/other", "GET", "/quote")]).toEqual([false, true]);
  expect([sells("/quote", "POST"), sells("/quote", "OPTIONS")]).toEqual([false, false]);
  expect(shop.controls.counts().verifies).toBe(0);
});

test("a WebSocket wants a session, paid for or not", async () => {
  const serve = handler();
  for (const payment of [{}, paymentHeader((await made()).payload)]) {
    const request = requestTo("/quote", { ...payment, connection: "Upgrade", upgrade: "WebSocket" });
    expect(await ask(shop.gate(), serve, request)).toMatchObject({ status: 400, error: "websocket_needs_session" });
  }
  expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
});

describe("options", () => {
  test.each([
    ["an origin with a path", { origin: "https://shop.example/" }, "origin"],
    ["a host as origin", { origin: "shop.example" }, "origin"],
    ["no bytes", { answers: { maxBytes: -1 } }, "answers.maxBytes"],
    ["no time for answers", { answers: { forMs: 0 } }, "answers.forMs"],
    ["half a millisecond", { handlerTimeoutMs: 0.5 }, "handlerTimeoutMs"],
    ["a time for the handler that no timer can hold", { handlerTimeoutMs: 2 ** 31 }, "handlerTimeoutMs"],
    ["no lease", { leaseMs: 0 }, "leaseMs"],
    ["a lease of more than an hour", { leaseMs: 3_600_001 }, "leaseMs"],
    // As JavaScript gives them.
    ["no origin", Object({ origin: undefined }), "origin"],
    ["no store", Object({ store: undefined }), "stores.verifications"],
    ["all stores in place of one", Object({ store: { verifications: {} } }), "stores.verifications"],
    ["no findSettlement", Object({ findSettlement: undefined }), "findSettlement"],
    ["another order", Object({ order: "settle-first" }), "order"],
    ["a collector that is no function", Object({ collector: "idempotency-key" }), "collector"],
    ["a misspelt option", Object({ leaseMS: 5 }), 'did you mean "leaseMs"'],
  ])("with %s are refused by name", (_what, options, name) => {
    const opening = () => shop.gate(cent("/quote"), options);
    expect(opening).toThrow(name);
    expect(opening).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
  });

  test("with durations in words are understood", async () => {
    const gate = shop.gate(cent("/quote"), { leaseMs: "10s", handlerTimeoutMs: "20ms" });
    const slow = handler(() => new Promise(() => undefined));
    const answer = await ask(gate, slow, requestTo("/quote", paymentHeader((await made()).payload)));
    expect(answer).toMatchObject({ status: 504, error: "handler_timeout" });
    for (const name of ["leaseMs", "handlerTimeoutMs"]) {
      expect(() => shop.gate(cent("/quote"), { [name]: "10 seconds" })).toThrow(name);
    }
  });

  test.each([0, -1, 0.5, Number.NaN, 2 ** 31, "1 minute", "25d", undefined])(
    "do not let payments be reconciled every %j",
    (interval) => {
      const opening = () => shop.gate().reconcileEvery(Object({ interval }).interval);
      expect(opening).toThrow("interval");
      expect(opening).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
    },
  );

  test("let payments be reconciled every 1m", async () => {
    const round = vi.spyOn(shop.stores.verifications, "unresolved");
    await shop.gate().reconcileEvery("1m")();
    expect(round).not.toHaveBeenCalled();
  });

  test("and a server that is none of the SDK's is refused", () => {
    expect(() => shop.gate(cent("/quote"), {}, Object({}))).toThrow("x402ResourceServer");
  });

  test("without a scheme for a route are the SDK's to refuse", async () => {
    await expect(shop.gate({ "/a": { accepts: { ...oneCent, network: "eip155:1" } } }).initialize()).rejects.toThrow(
      "/a",
    );
  });
});

test("a facilitator that is away is told to a request without a payment as what it is", async () => {
  const gate = shop.gate();
  vi.spyOn(shop.facilitator, "getSupported").mockRejectedValue(new Error("Away."));
  const unpaid = await ask(gate, handler(), requestTo("/quote"));
  expect(unpaid).toMatchObject({
    status: 503,
    error: "facilitator_unavailable",
    text: expect.stringContaining("price"),
  });
  const { payload } = await made();
  const paid = await ask(gate, handler(), requestTo("/quote", paymentHeader(payload)));
  expect(paid).toMatchObject({ status: 503, text: expect.stringContaining("Send the same payment again") });
});

test("two gates of one server ask its facilitator once: the second does not make the first forget what is supported", async () => {
  const server = shop.server();
  const [first, second] = [shop.gate(cent("/quote"), {}, server), shop.gate(cent("/other"), {}, server)];
  await first.initialize();
  const asked = vi.spyOn(shop.facilitator, "getSupported").mockReturnValue(new Promise(() => undefined));
  void second.initialize();
  const { payload } = await made();
  const answer = await ask(first, handler(), requestTo("/quote", paymentHeader(payload)));
  expect([answer?.status, asked.mock.calls.length]).toEqual([200, 0]);
});
