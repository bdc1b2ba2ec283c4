// One payment through the gate: verified once, made once, settled once; and what its copies and its payer are told.
import type { KeptRequest } from "@tollbooth-stores/http";
import { buyer, makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { describe, expect, test, vi } from "vitest";
import {
  ask,
  type Handler,
  handler,
  oneCent,
  origin,
  requestTo,
  type Shop,
  shopForEachTest,
} from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const collector = ({ adapter }: { adapter: { getHeader(name: string): string | undefined } }) =>
  adapter.getHeader("idempotency-key");
const payment = async () => paymentHeader((await makePayment(await shop.controls.payer())).payload);
const counts = (serve: Handler) => {
  const { verifies, transfers } = shop.controls.counts();
  return {
    verifies,
    runs: serve.mock.calls.length,
    settles: shop.controls.logged("facilitator", "settle").length,
    transfers,
  };
};
const once = { verifies: 1, runs: 1, settles: 1, transfers: 1 };

describe("a paid request", () => {
  test("is sold to the SDK's own client: the price, the answer, the receipt", async () => {
    const gate = shop.gate();
    const serve = handler();
    const customer = buyer(await shop.controls.payer());
    const unpaid = await ask(gate, serve, requestTo("/quote?city=Oslo"));
    expect(unpaid?.status).toBe(402);
    const required = await customer.readPrice(new Response("{}", { status: 402, headers: unpaid?.headers ?? {} }));
    expect(required.resource.url).toBe(`${origin}/quote?city=Oslo`);
    const headers = lower(customer.headersOf(await customer.sign(required)));
    const sold = await ask(gate, serve, requestTo("/quote?city=Oslo", headers));
    expect(sold).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect(sold?.headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
    const [transfer] = shop.controls.logged("ledger", "transfer");
    expect(decodePaymentResponseHeader(sold?.headers["payment-response"] ?? "")).toMatchObject({
      success: true,
      network: "eip155:84532",
      transaction: transfer?.transaction,
      payer: customer.account.address,
    });
    expect(counts(serve)).toEqual(once);
  });

  test("gives the handler the payment: its key, its verified payer, a signal and the fence", async () => {
    const gate = shop.gate();
    const serve = handler();
    const made = await makePayment(await shop.controls.payer());
    await ask(gate, serve, requestTo("/quote", paymentHeader(made.payload)));
    expect(serve.mock.calls[0]?.[0]).toMatchObject({
      key: expect.stringMatching(/^[\w-]{43}$/),
      payer: made.authorization.from.toLowerCase(),
      signal: expect.any(AbortSignal),
      fence: expect.stringMatching(/^\d+$/),
    });
  });

  test("is passed on where the route is not sold", async () => {
    const gate = shop.gate();
    const serve = handler();
    expect(await ask(gate, serve, requestTo("/free"))).toBeUndefined();
    expect(serve).not.toHaveBeenCalled();
  });
});

describe("20 copies at once", () => {
  test("with an Idempotency-Key: one verify, one run, one settle, and 20 times the same bytes", async () => {
    const gate = shop.gate(undefined, { collector });
    const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => (index * 7) % 256);
    const serve = handler({ headers: { "Content-Type": "image/png" }, body: bytes });
    const headers = { ...(await payment()), "idempotency-key": "mine" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(gate, serve, requestTo("/quote", headers))));
    expect(answers.map((answer) => answer?.status)).toEqual(Array(20).fill(200));
    for (const answer of answers) {
      expect(answer?.body).toEqual(bytes);
      expect(answer?.headers["content-type"]).toBe("image/png");
      expect(answer?.headers["payment-response"]).toBeDefined();
    }
    expect(counts(serve)).toEqual(once);
  });

  test("without: one answer and 19 times 409", async () => {
    const gate = shop.gate();
    const serve = handler();
    const headers = await payment();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(gate, serve, requestTo("/quote", headers))));
    expect(answers.map((answer) => answer?.status).sort()).toEqual([200, ...Array(19).fill(409)]);
    expect(counts(serve)).toEqual(once);
  });
});

describe("a payment that was delivered", () => {
  test("is handed out again to its collector alone", async () => {
    const gate = shop.gate(undefined, { collector });
    const serve = handler();
    const headers = await payment();
    const of = (key: string) => requestTo("/quote", { ...headers, ...(key !== "" && { "idempotency-key": key }) });
    const first = await ask(gate, serve, of("mine"));
    const again = await ask(gate, serve, of("mine"));
    expect([again?.status, again?.text]).toEqual([200, first?.text]);
    expect(receiptOf(again)).toEqual(receiptOf(first));
    for (const other of ["yours", ""]) expect((await ask(gate, serve, of(other)))?.status).toBe(409);
    expect(counts(serve)).toEqual(once);
  });

  test("by a request without a collector is not handed out again: a stranger can make one up", async () => {
    const gate = shop.gate(undefined, { collector });
    const serve = handler();
    const headers = await payment();
    expect((await ask(gate, serve, requestTo("/quote", headers)))?.status).toBe(200);
    const made = { ...headers, "idempotency-key": "made up" };
    expect(await ask(gate, serve, requestTo("/quote", made))).toMatchObject({
      status: 409,
      error: "payment_already_used",
    });
    expect(counts(serve)).toEqual(once);
  });

  test.each([
    ["another query", requestTo.bind(undefined, "/quote?b")],
    ["another spelling of the path", requestTo.bind(undefined, "/%71uote")],
  ])("buys nothing else: %s", async (_what, other) => {
    const gate = shop.gate(undefined, { collector });
    const serve = handler();
    const headers = { ...(await payment()), "idempotency-key": "mine" };
    expect((await ask(gate, serve, requestTo("/quote", headers)))?.status).toBe(200);
    expect((await ask(gate, serve, other(headers)))?.status).toBe(409);
    expect(counts(serve)).toEqual(once);
  });

  test("buys nothing at another origin of the same store", async () => {
    const at = (place: string) => shop.gate(undefined, { collector, origin: place });
    const serve = handler();
    const request = requestTo("/quote", { ...(await payment()), "idempotency-key": "mine" });
    expect((await ask(at(origin), serve, request))?.status).toBe(200);
    expect((await ask(at("https://other.example"), serve, request))?.status).toBe(409);
    expect(counts(serve)).toEqual(once);
  });

  test("buys nothing for another body", async () => {
    const gate = shop.gate({ "POST /order": { accepts: oneCent } }, { collector });
    const serve = handler();
    const request = requestTo("/order", { ...(await payment()), "idempotency-key": "mine" }, { method: "POST" });
    const body = (text: string) => new TextEncoder().encode(text);
    expect((await ask(gate, serve, request, body("1 tea")))?.status).toBe(200);
    expect((await ask(gate, serve, request, body("9 teas")))?.status).toBe(409);
    expect((await ask(gate, serve, request, body("1 tea")))?.status).toBe(200);
    expect(counts(serve)).toEqual(once);
  });

  test("is 409 where answers are not kept, or were too large: never a second run", async () => {
    const serve = handler({ body: new Uint8Array(101) });
    for (const answers of [false, { maxBytes: 100 }] as const) {
      const gate = shop.gate(undefined, { collector, answers });
      const request = requestTo("/quote", { ...(await payment()), "idempotency-key": "mine" });
      serve.mockClear();
      expect((await ask(gate, serve, request))?.status).toBe(200);
      expect((await ask(gate, serve, request))?.status).toBe(409);
      expect(serve).toHaveBeenCalledTimes(1);
    }
  });
});

describe("the kept part of an answer", () => {
  test("is its allowed headers, and never a cookie; its own payer gets them all", async () => {
    const gate = shop.gate(undefined, { collector, answers: { headers: ["X-Edition"] } });
    const serve = handler({
      status: 201,
      headers: { "content-type": "text/plain", "set-cookie": "id=1", "x-edition": "7", "x-request-id": "r" },
      body: new Uint8Array([0, 255, 10, 13]),
    });
    const request = requestTo("/quote", { ...(await payment()), "idempotency-key": "mine" });
    const first = await ask(gate, serve, request);
    expect(first?.headers).toMatchObject({ "set-cookie": "id=1", "x-request-id": "r" });
    const again = await ask(gate, serve, request);
    expect(again).toMatchObject({ status: 201, body: new Uint8Array([0, 255, 10, 13]) });
    expect(Object.keys(again?.headers ?? {}).sort()).toEqual([
      "cache-control",
      "content-type",
      "payment-response",
      "x-edition",
    ]);
  });

  test("is read with the request's headers, and with the sessions that it has moved", async () => {
    const told = { status: 200, headers: {}, body: new Uint8Array() };
    const read = vi.fn((_text: string, _request: KeptRequest) => told);
    const gate = shop.gate(undefined, { collector, answers: { forMs: 60_000, write: () => "kept", read } });
    const request = requestTo("/quote", { ...(await payment()), "idempotency-key": "mine" });
    await ask(gate, handler(), request);
    const sessionMoves = new Map([["old", "new"]]);
    expect((await ask(gate, handler(), { ...request, sessionMoves }))?.status).toBe(200);
    expect(read.mock.calls[0]?.[1]).toMatchObject({ key: expect.any(String), sessionMoves });
    expect(read.mock.calls[0]?.[1].header("idempotency-key")).toBe("mine");
  });

  test("cannot be told to be a cookie", () => {
    expect(() => shop.gate(undefined, { answers: { headers: ["Set-Cookie"] } })).toThrow("set-cookie");
  });
});

describe("a handler that does not succeed", () => {
  test("with 400 or above is passed on, and not charged: the payment is free again, for the same request", async () => {
    const gate = shop.gate();
    const headers = await payment();
    const refused = await ask(gate, handler({ status: 422 }), requestTo("/quote", headers));
    expect(refused).toMatchObject({ status: 422, text: expect.stringContaining("quote") });
    expect(refused?.headers["payment-response"]).toBeUndefined();
    expect(shop.controls.counts().transfers).toBe(0);
    const serve = handler();
    expect((await ask(gate, serve, requestTo("/quote", headers)))?.status).toBe(200);
    expect(counts(serve)).toMatchObject({ runs: 1, transfers: 1 });
  });

  test("by a throw has its own error thrown, once the payment is free again", async () => {
    const bug = new DOMException("The upstream timed out.", "TimeoutError");
    const gate = shop.gate();
    const headers = await payment();
    const broken = handler(() => Promise.reject(bug));
    await expect(ask(gate, broken, requestTo("/quote", headers))).rejects.toBe(bug);
    expect(shop.controls.counts().transfers).toBe(0);
    expect((await ask(gate, handler(), requestTo("/quote", headers)))?.status).toBe(200);
  });

  test("in its time is 504, its signal aborted, and not charged", async () => {
    const gate = shop.gate(undefined, { handlerTimeoutMs: "20ms" });
    const headers = await payment();
    const aborted = vi.fn();
    const slow = handler(({ signal }) => new Promise(() => signal.addEventListener("abort", aborted)));
    expect(await ask(gate, slow, requestTo("/quote", headers))).toMatchObject({
      status: 504,
      error: "handler_timeout",
    });
    expect(aborted).toHaveBeenCalledTimes(1);
    expect(shop.controls.counts().transfers).toBe(0);
    expect((await ask(gate, handler(), requestTo("/quote", headers)))?.status).toBe(200);
  });

  test.each([
    ["with 500", handler({ status: 500 })],
    ["by a throw", handler(() => Promise.reject(new Error("a bug")))],
  ])("%s after the settlement is 503: charged, and served at the next try", async (_how, broken) => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    // A callback that fails ends neither the answer nor the process.
    const onHandlerError = vi.fn(async () => Promise.reject(new Error("the log is away")));
    const gate = shop.gate(undefined, { order: "settle-then-serve", onHandlerError });
    const headers = await payment();
    const owed = await ask(gate, broken, requestTo("/quote", headers));
    expect(owed).toMatchObject({ status: 503, error: "owed", headers: { "retry-after": "1" } });
    expect(onHandlerError).toHaveBeenCalledTimes(1);
    expect(shop.controls.counts().transfers).toBe(1);
    const serve = handler();
    expect((await ask(gate, serve, requestTo("/quote", headers)))?.status).toBe(200);
    expect(counts(serve)).toMatchObject({ settles: 1, transfers: 1 });
  });
});

function receiptOf(answer: { headers: Record<string, string> } | undefined): unknown {
  return decodePaymentResponseHeader(answer?.headers["payment-response"] ?? "").transaction;
}

function lower(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

describe("a payment that a limit must let pass", () => {
  const knows = (gate: ReturnType<Shop["gate"]>, headers = {}) => gate.knows(requestTo("/quote", headers));

  test("is one that is in a handler, charged or in doubt, and none that is new, failed or unreadable", async () => {
    const gate = shop.gate();
    const headers = await payment();
    expect([await knows(gate), await knows(gate, { "payment-signature": "{}" })]).toEqual([false, false]);
    expect(await knows(gate, headers)).toBe(false);
    await ask(gate, handler({ status: 404 }), requestTo("/quote", headers));
    expect(await knows(gate, headers)).toBe(false);
    let inHandler: boolean | undefined;
    const serve = handler(async () => {
      inHandler = await knows(gate, headers);
      return { status: 200, headers: {}, body: new Uint8Array() };
    });
    expect(await ask(gate, serve, requestTo("/quote", headers))).toMatchObject({ status: 200 });
    expect([inHandler, await knows(gate, await payment())]).toEqual([true, false]);
  });

  test("is one that was handed over only where its answer may be told again", async () => {
    const bare = await payment();
    const headers = { ...bare, "idempotency-key": "mine" };
    const gate = shop.gate(undefined, { collector });
    expect(await ask(gate, handler(), requestTo("/quote", headers))).toMatchObject({ status: 200 });
    expect([await knows(gate, headers), await knows(gate, bare)]).toEqual([true, false]);
    expect(await knows(shop.gate(undefined, { collector, answers: false }), headers)).toBe(false);
    expect(await knows(shop.gate(), headers)).toBe(false);
    expect(await ask(gate, handler(), requestTo("/quote", headers))).toMatchObject({
      status: 200,
      text: '{"quote":1}',
    });
  });

  test("is none where a hook lets the request through for nothing, and a HEAD is none", async () => {
    const gate = shop.gate(undefined, { order: "settle-then-serve", onHandlerError: () => undefined });
    const headers = await payment();
    expect(await ask(gate, handler({ status: 500 }), requestTo("/quote", headers))).toMatchObject({ error: "owed" });
    expect(await knows(gate, headers)).toBe(true);
    expect(await gate.knows(requestTo("/quote", headers, { method: "HEAD" }))).toBe(false);
    gate.http.onProtectedRequest(async ({ adapter }) =>
      adapter.getHeader("api-key") === "free" ? { grantAccess: true } : undefined,
    );
    const free = { ...headers, "api-key": "free" };
    expect([await knows(gate, headers), await knows(gate, free)]).toEqual([true, false]);
    expect(await ask(gate, handler(), requestTo("/quote", free))).toBeUndefined();
    expect(await ask(gate, handler(), requestTo("/quote", headers))).toMatchObject({ status: 200 });
  });

  test("is none with another signature, or for a route that is not sold: the nonce is public on its chain", async () => {
    const gate = shop.gate();
    const { payload } = await makePayment(await shop.controls.payer());
    const headers = paymentHeader(payload);
    const owing = shop.gate(undefined, { order: "settle-then-serve", onHandlerError: () => undefined });
    await ask(owing, handler({ status: 500 }), requestTo("/quote", headers));
    expect(await knows(gate, headers)).toBe(true);
    const signature = `0x${"11".repeat(64)}1b`;
    const forged = paymentHeader({ ...payload, payload: { ...Object(payload).payload, signature } });
    expect(await knows(gate, forged)).toBe(false);
    expect(await gate.knows(requestTo("/login", headers))).toBe(false);
  });

  test("is not asked for any longer once the client has gone", async () => {
    const signal = AbortSignal.abort(new Error("The client has gone."));
    const asking = shop.gate().knows(requestTo("/quote", await payment(), { signal }));
    await expect(asking).rejects.toThrow("The client has gone.");
  });

  test("cannot be told while the store is away, but for what names no payment, or a route that is not sold", async () => {
    await shop.stores.close();
    const gate = shop.gate();
    const headers = await payment();
    await expect(knows(gate, headers)).rejects.toMatchObject({ code: "STORE_CLOSED" });
    expect([await knows(gate), await knows(gate, { "payment-signature": "garbage" })]).toEqual([false, false]);
    expect(await gate.knows(requestTo("/login", headers))).toBe(false);
  });
});
