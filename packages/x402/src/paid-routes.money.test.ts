// Payments in doubt, replayed, forgotten, or made at an earlier price: 503 or 409, never a second payment.
import { randomBytes } from "node:crypto";
import { StoreError, type VerificationStore } from "@tollbooth-stores/core";
import { paymentRecord } from "@tollbooth-stores/core/native";
import { makePayment, malleate, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import {
  ask,
  handler,
  network,
  oneCent,
  openShop,
  requestTo,
  required,
  shopForEachTest,
} from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const stranger = "0x1111111111111111111111111111111111111111" as const;
const made = async (forgery = {}) => makePayment(await shop.controls.payer(), forgery);
const quote = (payload: unknown, more: Record<string, string> = {}) =>
  requestTo("/quote", { ...paymentHeader(payload), ...more });
const settles = () => shop.controls.logged("facilitator", "settle").length;
const transfers = () => shop.controls.counts().transfers;

describe("a settlement in doubt", () => {
  test("whose reply was lost is 503, then gets its answer: kept, from one run and one transfer", async () => {
    const gate = shop.gate();
    const serve = handler();
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "settle", fail: "after", times: 1 });
    expect(await ask(gate, serve, request)).toMatchObject({
      status: 503,
      error: "settlement_pending",
      headers: { "retry-after": "1" },
    });
    expect(await ask(gate, serve, request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect([serve.mock.calls.length, settles(), transfers()]).toEqual([1, 1, 1]);
    expect((await ask(gate, serve, request))?.status).toBe(409);
  });

  test("that failed before it moved is settled by the same authorization at the next try", async () => {
    const gate = shop.gate();
    const serve = handler();
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "settle", fail: "before", times: 1 });
    expect((await ask(gate, serve, request))?.status).toBe(503);
    expect(await ask(gate, serve, request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
  });

  test("stays 503 while neither facilitator nor chain answers", async () => {
    const gate = shop.gate();
    const serve = handler();
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "settle", fail: "after" });
    await shop.controls.fault({ on: "lookup", fail: "before" });
    for (let time = 0; time < 3; time += 1) expect((await ask(gate, serve, request))?.status).toBe(503);
    await shop.controls.fault({ on: "lookup", delayMs: 0 });
    shop.clock.advance(1_000);
    expect((await ask(gate, serve, request))?.status).toBe(200);
    expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
  });

  test("is not ended by settling another authorization of the same nonce", async () => {
    const gate = shop.gate();
    const payer = await shop.controls.payer();
    const nonce = `0x${randomBytes(32).toString("hex")}` as const;
    const one = await makePayment(payer, { nonce });
    const another = await makePayment(payer, { nonce, validBefore: String(Number(one.authorization.validBefore) + 1) });
    await shop.controls.fault({ on: "settle", fail: "before", times: 1 });
    expect((await ask(gate, handler(), quote(one.payload)))?.status).toBe(503);
    const before = settles();
    expect((await ask(gate, handler(), quote(another.payload)))?.status).toBe(503);
    expect(settles()).toBe(before);
    shop.clock.advance(1_000);
    expect((await ask(gate, handler(), quote(one.payload)))?.status).toBe(200);
    expect((await ask(gate, handler(), quote(another.payload)))?.status).toBe(409);
    expect(transfers()).toBe(1);
  });

  test("of an answer that was too large to be kept: it is made again, and paid for once", async () => {
    const gate = shop.gate(undefined, { answers: { maxBytes: 5 } });
    const serve = handler();
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "settle", fail: "after", times: 1 });
    expect((await ask(gate, serve, request))?.status).toBe(503);
    expect(await ask(gate, serve, request)).toMatchObject({ status: 200, text: '{"quote":2}' });
    expect(transfers()).toBe(1);
  });

  test("of an answer with 206: it is kept as any other, and told again", async () => {
    const gate = shop.gate(undefined, { collector: () => "mine" });
    const serve = handler({ status: 206, headers: { "content-range": "bytes 0-9/99" } });
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "settle", fail: "after", times: 1 });
    expect((await ask(gate, serve, request))?.status).toBe(503);
    for (let time = 0; time < 2; time += 1) {
      const headers = { "content-range": "bytes 0-9/99" };
      expect(await ask(gate, serve, request)).toMatchObject({ status: 206, text: '{"quote":1}', headers });
    }
    expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
  });

  test("is none where the facilitator's reason proves it: 402, then 503, asked once, and free again after ten seconds", async () => {
    const gate = shop.gate();
    const request = quote((await made()).payload);
    const errorReason = "invalid_exact_evm_insufficient_balance";
    const answer = { success: false, transaction: "", network, errorReason };
    await shop.controls.fault({ on: "settle", fail: "before", answer, times: 1 });
    const refused = await ask(gate, handler(), request);
    expect([refused?.status, required(refused).error, settles()]).toEqual([402, errorReason, 1]);
    shop.clock.advance(1_001);
    const soonOver = { status: 503, error: "refused_elsewhere", headers: { "retry-after": "9" } };
    expect(await ask(gate, handler(), request)).toMatchObject(soonOver);
    expect([settles(), transfers()]).toEqual([1, 0]);
    shop.clock.advance(8_999);
    expect((await ask(gate, handler(), request))?.status).toBe(200);
    expect(transfers()).toBe(1);
  });

  test("stays in doubt for a success without a transaction", async () => {
    const gate = shop.gate();
    const answer = { success: true, transaction: "", network };
    await shop.controls.fault({ on: "settle", fail: "before", answer, times: 1 });
    expect((await ask(gate, handler(), quote((await made()).payload)))?.status).toBe(503);
    expect(transfers()).toBe(0);
  });

  test("is ended by reconcile without its payer, who then gets the kept answer", async () => {
    const gate = shop.gate();
    const serve = handler();
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "settle", fail: "after", times: 1 });
    expect((await ask(gate, serve, request))?.status).toBe(503);
    expect(await gate.reconcile()).toMatchObject({ settled: 1, inDoubt: 0 });
    expect(await ask(gate, serve, request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect(serve).toHaveBeenCalledTimes(1);
  });
});

describe("a facilitator that cannot verify", () => {
  test.each([
    ["fails", { fail: "before" }],
    ["answers nonsense", { fail: "before", answer: { valid: "perhaps" } }],
    [
      "answers with an unexpected error of its own",
      { fail: "before", answer: { isValid: false, invalidReason: "unexpected_verify_error" } },
    ],
  ])("because it %s is 503, never 402; the same payment is taken once it can", async (_how, fault) => {
    const gate = shop.gate();
    const serve = handler();
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "verify", ...fault, times: 1 });
    expect(await ask(gate, serve, request)).toMatchObject({ status: 503, error: "facilitator_unavailable" });
    expect(serve).not.toHaveBeenCalled();
    expect((await ask(gate, serve, request))?.status).toBe(200);
  });

  test("within three leases is 503, and the same payment is taken once it can", async () => {
    const gate = shop.gate(undefined, { leaseMs: 100 });
    const request = quote((await made()).payload);
    await shop.controls.fault({ on: "verify", delayMs: 1_000, times: 1 });
    expect(await ask(gate, handler(), request)).toMatchObject({ status: 503, error: "too_slow" });
    expect(await ask(shop.gate(), handler(), request)).toMatchObject({ status: 200 });
  });

  test("from the start is 503, and asked again at the next request", async () => {
    const server = shop.server();
    const initialize = vi.spyOn(server, "initialize").mockRejectedValueOnce(new Error("away"));
    const gate = shop.gate(undefined, {}, server);
    const request = quote((await made()).payload);
    expect(await ask(gate, handler(), request)).toMatchObject({ status: 503, error: "facilitator_unavailable" });
    expect((await ask(gate, handler(), request))?.status).toBe(200);
    expect(initialize).toHaveBeenCalledTimes(2);
  });
});

describe("a payment that the facilitator rejects", () => {
  test("is 402 with the route's terms and the reason, unserved", async () => {
    const gate = shop.gate();
    const serve = handler();
    const { payload } = await made();
    payload.payload.signature = `0x${"11".repeat(64)}1b`;
    const refused = await ask(gate, serve, quote(payload));
    expect(refused?.status).toBe(402);
    expect(required(refused)).toMatchObject({
      error: "invalid_exact_evm_signature",
      resource: { url: "https://shop.example/quote" },
      accepts: [{ amount: "10000", network }],
    });
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
  });
});

describe("a replay", () => {
  test("of a settled payment is 409 in every spelling, unverified and unserved", async () => {
    const gate = shop.gate();
    const serve = handler();
    const { payload, authorization, signature } = await made();
    expect((await ask(gate, serve, quote(payload)))?.status).toBe(200);
    const before = shop.controls.counts();
    const upper = (hex: string) => `0x${hex.slice(2).toUpperCase()}`;
    const spellings = [
      payload,
      { ...payload, payload: { authorization, signature: malleate(signature) } },
      { ...payload, payload: { authorization: { ...authorization, nonce: upper(authorization.nonce) }, signature } },
      { ...payload, extensions: { note: "again" } },
    ];
    for (const spelling of spellings) expect((await ask(gate, serve, quote(spelling)))?.status).toBe(409);
    expect(shop.controls.counts()).toEqual(before);
    expect(serve).toHaveBeenCalledTimes(1);
  });

  test("whose signature was mirrored on its way, and that comes first, is the payment itself", async () => {
    const gate = shop.gate();
    const { payload, authorization, signature } = await made();
    const mirrored = { ...payload, payload: { authorization, signature: malleate(signature) } };
    expect((await ask(gate, handler(), quote(mirrored)))?.status).toBe(200);
    expect((await ask(gate, handler(), quote(payload)))?.status).toBe(409);
    expect(transfers()).toBe(1);
  });

  test("of a nonce that the payer signed a second time is 409", async () => {
    const gate = shop.gate();
    const payer = await shop.controls.payer();
    const first = await makePayment(payer);
    expect((await ask(gate, handler(), quote(first.payload)))?.status).toBe(200);
    const nonce = `0x${first.authorization.nonce.slice(2)}` as const;
    for (const terms of [{ value: "1" }, { validBefore: String(Number(first.authorization.validBefore) + 1) }]) {
      const second = await makePayment(payer, { ...terms, nonce });
      expect((await ask(gate, handler(), quote(second.payload)))?.status).toBe(409);
    }
    expect(transfers()).toBe(1);
  });
});

describe.each([
  ["the price has changed", { price: "$0.02" }],
  ["another is paid", { payTo: stranger }],
  ["the time for a payment has changed", { maxTimeoutSeconds: 30 }],
])("where %s between two deploys", (_what, change) => {
  const today = () => shop.gate({ "GET /quote": { accepts: { ...oneCent, ...change } } }, { collector: () => "mine" });
  const earlier = (options = {}) => shop.gate(undefined, { collector: () => "mine", ...options });

  test.each(["after", "before"])(
    "a payment in doubt gets its answer (its settlement failed %s it moved)",
    async (fail) => {
      const serve = handler();
      const request = quote((await made()).payload);
      await shop.controls.fault({ on: "settle", fail, times: 1 });
      expect((await ask(earlier(), serve, request))?.status).toBe(503);
      expect(await ask(today(), serve, request)).toMatchObject({ status: 200, text: '{"quote":1}' });
      expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
    },
  );

  test("a payment that is owed gets its answer", async () => {
    const request = quote((await made()).payload);
    const broken = earlier({ order: "settle-then-serve" });
    expect((await ask(broken, handler({ status: 500 }), request))?.status).toBe(503);
    expect((await ask(today(), handler(), request))?.status).toBe(200);
    expect(transfers()).toBe(1);
  });

  test("a payment that was delivered gets its kept answer", async () => {
    const serve = handler();
    const request = quote((await made()).payload);
    expect((await ask(earlier(), serve, request))?.status).toBe(200);
    expect(await ask(today(), serve, request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
  });

  test("a new payment on the terms of before is 402; it is so for ten seconds where they stand still, and then sold", async () => {
    const request = quote((await made()).payload);
    const serve = handler();
    const refused = await ask(today(), serve, request);
    expect([refused?.status, required(refused).error]).toEqual([402, "No matching payment requirements"]);
    expect((await ask(earlier(), serve, request))?.status).toBe(402);
    expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
    shop.clock.advance(10_000);
    expect((await ask(earlier(), serve, request))?.status).toBe(200);
  });
});

test.each([
  ["of another amount", { value: "1" }],
  ["to its own payer", { to: stranger }],
] as const)(
  "a payment %s never gets in under a known nonce, not even where that is freed meanwhile",
  async (_what, forgery) => {
    const { verifications } = shop.stores;
    let looks = 0;
    const peek: VerificationStore["peek"] = async (...call) => {
      if (!String(call[0]).startsWith(paymentRecord(""))) return verifications.peek(...call);
      looks += 1;
      return looks === 1 ? { status: "in-progress", retryAfterMs: 1_000 } : verifications.peek(...call);
    };
    const gate = shop.gate(undefined, { store: { ...verifications, peek } });
    const serve = handler();
    expect((await ask(gate, serve, quote((await made(forgery)).payload)))?.status).toBe(402);
    expect(looks).toBeGreaterThan(1);
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
  },
);

describe("a payment of which the store knows nothing any more", () => {
  const forgetful = async () => ({ fresh: await openShop() });

  test.each([
    ["at the same price", {}],
    ["at another price", { price: "$0.02" }],
  ])("is 409 where it has moved, %s, never 402", async (_what, change) => {
    const request = quote((await made()).payload);
    expect((await ask(shop.gate(), handler(), request))?.status).toBe(200);
    const { fresh } = await forgetful();
    const { findSettlement } = shop;
    const gate = fresh.gate(
      { "GET /quote": { accepts: { ...oneCent, ...change } } },
      { findSettlement },
      shop.server(),
    );
    const serve = handler();
    for (let time = 0; time < 2; time += 1) expect((await ask(gate, serve, request))?.status).toBe(409);
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 1]);
    await fresh.close();
  });

  test("is 409 where it has moved and is over, though the facilitator says only that it is over", async () => {
    const request = quote((await made()).payload);
    expect((await ask(shop.gate(), handler(), request))?.status).toBe(200);
    const { fresh } = await forgetful();
    const invalidReason = "invalid_exact_evm_payload_authorization_valid_before";
    await shop.controls.fault({ on: "verify", fail: "before", answer: { isValid: false, invalidReason } });
    const gate = fresh.gate(undefined, { findSettlement: shop.findSettlement }, shop.server());
    expect((await ask(gate, handler(), request))?.status).toBe(409);
    await fresh.close();
  });

  test("is 503 while the chain cannot be asked whether it has moved, then 402", async () => {
    const gate = shop.gate();
    const stale = quote((await made({ value: "1" })).payload);
    await shop.controls.fault({ on: "lookup", fail: "before", times: 1 });
    expect(await ask(gate, handler(), stale)).toMatchObject({ status: 503, error: "lookup_unavailable" });
    expect((await ask(gate, handler(), stale))?.status).toBe(402);
    const { payload } = await made();
    payload.payload.signature = `0x${"11".repeat(64)}1b`;
    await shop.controls.fault({ on: "lookup", fail: "before", times: 1 });
    expect(await ask(gate, handler(), quote(payload))).toMatchObject({ status: 503, error: "lookup_unavailable" });
    expect((await ask(gate, handler(), quote(payload)))?.status).toBe(402);
  });

  test("is 503 where it is over by a clock here, and the chain cannot tell yet", async () => {
    const over = await made({ validBefore: String(Math.floor(Date.now() / 1_000) - 5) });
    expect(await ask(shop.gate(), handler(), quote(over.payload))).toMatchObject({
      status: 503,
      error: "settlement_pending",
    });
    const longOver = await made({ validBefore: String(Math.floor(Date.now() / 1_000) - 100) });
    expect((await ask(shop.gate(), handler(), quote(longOver.payload)))?.status).toBe(402);
  });

  test("is 409 where the facilitator says that its nonce was used, though the chain cannot tell", async () => {
    const request = quote((await made()).payload);
    expect((await ask(shop.gate(), handler(), request))?.status).toBe(200);
    const { fresh } = await forgetful();
    const gate = fresh.gate(undefined, { findSettlement: async () => "unknown" }, shop.server());
    expect((await ask(gate, handler(), request))?.status).toBe(409);
    await fresh.close();
  });

  test("at another price and over by a clock here is 503 until the chain can tell", async () => {
    const of = async (secondsAgo: number) =>
      quote((await made({ value: "1", validBefore: String(Math.floor(Date.now() / 1_000) - secondsAgo) })).payload);
    expect(await ask(shop.gate(), handler(), await of(5))).toMatchObject({ status: 503, error: "settlement_pending" });
    expect((await ask(shop.gate(), handler(), await of(100)))?.status).toBe(402);
    const never = shop.gate(undefined, { findSettlement: async () => "unknown" });
    expect((await ask(never, handler(), await of(1_000)))?.status).toBe(402);
  });

  test("at another price is judged by a lookup that takes less than three leases, and 503 after a longer one, or one that says nothing", async () => {
    const leaseMs = 40;
    const receipt = `0x${"ab".repeat(32)}`;
    const afterTwoLeases = () => new Promise<{ receipt: string }>((done) => setTimeout(done, 2 * leaseMs, { receipt }));
    for (const [findSettlement, told] of [
      [afterTwoLeases, { status: 409 }],
      [() => new Promise<never>(() => undefined), { status: 503, error: "lookup_unavailable" }],
      [async () => Object({}), { status: 503, error: "lookup_unavailable" }],
      [async () => Object({ receipt: undefined }), { status: 503, error: "lookup_unavailable" }],
    ] as const) {
      const gate = shop.gate(undefined, { leaseMs: `${leaseMs}ms`, findSettlement });
      expect(await ask(gate, handler(), quote((await made({ value: "1" })).payload))).toMatchObject(told);
    }
  });

  test("on a chain that was never sold here is 402 without a lookup, also where it is over by a clock here", async () => {
    const findSettlement = vi.fn(shop.findSettlement);
    const over = String(Math.floor(Date.now() / 1_000) - 5);
    for (const forgery of [{}, { validBefore: over }]) {
      const elsewhere = await made({ network: "eip155:1", ...forgery });
      const answer = await ask(shop.gate(undefined, { findSettlement }), handler(), quote(elsewhere.payload));
      expect(answer).toMatchObject({ status: 402 });
    }
    expect(findSettlement).not.toHaveBeenCalled();
  });
});

describe("a store that is away", () => {
  const away = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "The store did not answer."));

  test.each(["claim", "peek"] as const)("at %s is 503 with Retry-After, unserved and unsettled", async (call) => {
    const store = { ...shop.stores.verifications, [call]: away };
    const gate = shop.gate(undefined, { store });
    const serve = handler();
    const forgery = call === "peek" ? { value: "1" } : {};
    expect(await ask(gate, serve, quote((await made(forgery)).payload))).toMatchObject({
      status: 503,
      error: "store_unavailable",
      headers: { "retry-after": "1" },
    });
    expect([serve.mock.calls.length, settles()]).toEqual([0, 0]);
  });

  test("does not hide the handler's own error of that kind", async () => {
    const own = new StoreError("STORE_UNAVAILABLE", "the handler's own store");
    const failing = handler(() => Promise.reject(own));
    await expect(ask(shop.gate(), failing, quote((await made()).payload))).rejects.toBe(own);
  });

  test("when the handler fails is 503: nothing says that the payment is free", async () => {
    const { verifications } = shop.stores;
    let down = false;
    const store = {
      ...verifications,
      peek: (...call: Parameters<typeof verifications.peek>) => (down ? away() : verifications.peek(...call)),
    };
    const failing = handler(async () => {
      down = true;
      throw new Error("a bug");
    });
    const gate = shop.gate(undefined, { store });
    expect(await ask(gate, failing, quote((await made()).payload))).toMatchObject({
      status: 503,
      error: "store_unavailable",
    });
  });
});

test("a client that has gone before the settlement leaves its payment free", async () => {
  const gate = shop.gate();
  const { payload } = await made();
  const client = new AbortController();
  const gone = handler(async () => {
    client.abort(new DOMException("gone", "TimeoutError"));
    return { status: 200, headers: {}, body: new Uint8Array() };
  });
  const request = requestTo("/quote", paymentHeader(payload), { signal: client.signal });
  await expect(ask(gate, gone, request)).rejects.toThrow("gone");
  expect(transfers()).toBe(0);
  expect((await ask(gate, handler(), quote(payload)))?.status).toBe(200);
});
