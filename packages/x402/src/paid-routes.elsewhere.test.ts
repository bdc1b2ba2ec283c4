// A payment that is shown at a wrong route or on wrong terms as well: what its right one says meanwhile, and that it is sold there after.
import { StoreError, type VerificationStore } from "@tollbooth-stores/core";
import { paymentRecord } from "@tollbooth-stores/core/native";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import { type IdentifiedPayment, identifyPayment } from "./identify-payment.ts";
import { ask, cent, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const made = async () => makePayment(await shop.controls.payer());
const at = (path: string, payload: unknown, more = {}) => requestTo(path, { ...paymentHeader(payload), ...more });
const transfers = () => shop.controls.counts().transfers;
const dearer = { accepts: { ...oneCent, price: "$0.05" } };
const gateOfThree = () => shop.gate({ ...cent("/quote"), ...cent("/same"), "GET /dear": dearer });

function identifiedPayment({ payload, accepted }: { payload: object; accepted: object }): IdentifiedPayment {
  const identity = identifyPayment({ ...payload }, Object(accepted));
  if (identity.status !== "identified") throw new Error(identity.message);
  return identity;
}

interface Rejection {
  isValid: false;
  invalidReason: string;
}

function held<T>(): { value: Promise<T>; letGo: (value: T) => void } {
  let letGo: (value: T) => void = () => undefined;
  const value = new Promise<T>((resolve) => {
    letGo = resolve;
  });
  return { value, letGo };
}

/** Holds back the facilitator's next verification, until the returned function is given its answer. */
function holdVerification(): (answer: Rejection) => void {
  const { value, letGo } = held<Rejection>();
  vi.spyOn(shop.facilitator, "verify").mockReturnValueOnce(value);
  return letGo;
}

describe("a payment that was refused a moment ago", () => {
  const wrong = (amount: string, payload: { accepted: object }) => ({
    ...payload,
    accepted: { ...payload.accepted, amount },
  });

  test.each([
    ["at another route", "/dear", undefined],
    ["on other terms of its route", "/quote", "999"],
  ])("%s is 503 at its own one for the rest of ten seconds, and then sold", async (_where, path, amount) => {
    const gate = gateOfThree();
    const serve = handler();
    const { payload } = await made();
    const shown = amount === undefined ? payload : wrong(amount, payload);
    expect((await ask(gate, serve, at(path, shown)))?.status).toBe(402);
    const refused = { status: 503, error: "refused_elsewhere" };
    expect(await ask(gate, serve, at("/quote", payload))).toMatchObject({
      ...refused,
      headers: { "retry-after": "10" },
    });
    shop.clock.advance(4_000);
    expect(await ask(gate, serve, at("/quote", payload))).toMatchObject({
      ...refused,
      headers: { "retry-after": "6" },
    });
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
    shop.clock.advance(6_000);
    expect((await ask(gate, serve, at("/quote", payload)))?.status).toBe(200);
    expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
  });

  test("is 402 again only once that lasts for ten seconds more, at no route with less than nine", async () => {
    const gate = gateOfThree();
    const today = shop.gate({ "GET /quote": dearer });
    const serve = handler();
    const { payload } = await made();
    const soonOver = { status: 503, error: "refused_elsewhere", headers: { "retry-after": "1" } };
    expect((await ask(today, serve, at("/quote", payload)))?.status).toBe(402);
    shop.clock.advance(1_000);
    for (const each of [today, gate]) expect((await ask(each, serve, at("/quote", payload)))?.status).toBe(402);
    shop.clock.advance(8_700);
    for (const each of [today, gate]) expect(await ask(each, serve, at("/quote", payload))).toMatchObject(soonOver);
    shop.clock.advance(300);
    expect((await ask(today, serve, at("/quote", payload)))?.status).toBe(402);
    shop.clock.advance(8_999);
    expect(await ask(gate, serve, at("/quote", payload))).toMatchObject({ status: 503, error: "refused_elsewhere" });
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
  });

  test("is not 402 again either shortly before that is over where another payload of its nonce was given up", async () => {
    const today = shop.gate({ "GET /quote": dearer });
    const { payload } = await made();
    const { key, validUntilMs } = identifiedPayment(payload);
    const claim = { token: "t", fingerprint: "f", onLeaseExpiry: "retry", retainUntilMs: validUntilMs } as const;
    const bound = { payload: "another" };
    await shop.stores.verifications.claim(paymentRecord(key), { ...claim, leaseMs: 100, payment: bound });
    shop.clock.advance(100);
    expect((await ask(today, handler(), at("/quote", payload)))?.status).toBe(402);
    shop.clock.advance(9_700);
    const told = await ask(today, handler(), at("/quote", payload));
    expect(told).toMatchObject({ status: 503, error: "refused_elsewhere", headers: { "retry-after": "1" } });
  });

  test("by the facilitator is 503 at another route, and then judged there", async () => {
    const gate = gateOfThree();
    const { payload } = await made();
    holdVerification()({ isValid: false, invalidReason: "insufficient_funds" });
    expect((await ask(gate, handler(), at("/same", payload)))?.status).toBe(402);
    expect(await ask(gate, handler(), at("/quote", payload))).toMatchObject({
      status: 503,
      error: "refused_elsewhere",
    });
    shop.clock.advance(10_000);
    expect((await ask(gate, handler(), at("/quote", payload)))?.status).toBe(200);
    expect(transfers()).toBe(1);
  });

  test("for its price is not charged in a copy with another collector that its route had let through before", async () => {
    const price = held<string>();
    const asked = vi.fn(() => price.value);
    const options = {
      collector: (context: ReturnType<typeof requestTo>) => context.adapter.getHeader("idempotency-key"),
    };
    const slow = shop.gate({ "GET /quote": { accepts: { ...oneCent, price: asked } } }, options);
    const { payload } = await made();
    const serve = handler();
    const first = ask(slow, serve, at("/quote", payload, { "idempotency-key": "1" }));
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    const today = shop.gate({ "GET /quote": dearer }, options);
    expect((await ask(today, serve, at("/quote", payload, { "idempotency-key": "2" })))?.status).toBe(402);
    price.letGo("$0.01");
    expect(await first).toMatchObject({ status: 503, error: "refused_elsewhere" });
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
  });
});

test("while it is verified at another route it is 503, since it may be refused there", async () => {
  const gate = gateOfThree();
  const { payload } = await made();
  const answer = holdVerification();
  const first = ask(gate, handler(), at("/same", payload));
  await vi.waitFor(() => expect(shop.facilitator.verify).toHaveBeenCalled());
  expect(await ask(gate, handler(), at("/quote", payload))).toMatchObject({ status: 503, error: "settlement_pending" });
  answer({ isValid: false, invalidReason: "insufficient_funds" });
  expect((await first)?.status).toBe(402);
  expect(transfers()).toBe(0);
});

test("where it is accepted or was used elsewhere it is 409: it is never sold twice", async () => {
  const gate = gateOfThree();
  const { payload } = await made();
  expect((await ask(gate, handler({ status: 500 }), at("/same", payload)))?.status).toBe(500);
  expect((await ask(gate, handler(), at("/quote", payload)))?.status).toBe(409);
  const used = await made();
  holdVerification()({ isValid: false, invalidReason: "invalid_exact_evm_nonce_already_used" });
  for (const path of ["/same", "/quote", "/dear", "/same"]) {
    expect((await ask(gate, handler(), at(path, used.payload)))?.status).toBe(409);
  }
  expect(transfers()).toBe(0);
});

test.each(["peek", "claim", "complete"] as const)(
  "a store that is away at %s while a refusal is remembered is 503, never 402",
  async (call) => {
    const fails = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "away"));
    const store: VerificationStore = { ...shop.stores.verifications, [call]: fails };
    const gate = shop.gate({ "GET /dear": dearer }, { store, leaseMs: 300 });
    const told = await ask(gate, handler(), at("/dear", (await made()).payload));
    expect(told).toMatchObject({ status: 503, error: "store_unavailable" });
  },
);
