// A price or payTo function reads headers: a payment at a price that was made of them buys nothing for other ones.
import { paymentRecord } from "@tollbooth-stores/core/native";
import type { Answer } from "@tollbooth-stores/http";
import { makePayment, paymentHeader, payTo } from "@tollbooth-stores/sandbox";
import type { HTTPRequestContext, PaymentOption } from "@x402/core/http";
import { describe, expect, test, vi } from "vitest";
import { leaveWhileSettling } from "./leave-while-settling.test-support.ts";
import { ask, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";

const shop = shopForEachTest();

const byModel = ({ adapter }: HTTPRequestContext) => (adapter.getHeader("X-Model") === "large" ? "$5" : "$0.01");
const settlesFirst = { order: "settle-then-serve" } as const;

const gate = (terms: Partial<PaymentOption> = { price: byModel }, options?: Partial<PaidRoutesOptions>) =>
  shop.gate({ "GET /chat": { accepts: { ...oneCent, ...terms } } }, options);
const paid = async (asked: Parameters<typeof makePayment>[1] = {}) =>
  paymentHeader((await makePayment(await shop.controls.payer(), asked)).payload);
const chat = (headers: Record<string, string>, signal = new AbortController().signal) =>
  requestTo("/chat", headers, { signal });
const transfers = () => shop.controls.counts().transfers;

/** A handler that answers once it is told to. */
function slowHandler() {
  let answer: ((status: number) => void) | undefined;
  const serve = handler(
    ({ signal }) =>
      new Promise<Answer>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        answer = (status) => resolve({ status, headers: {}, body: new Uint8Array() });
      }),
  );
  return {
    serve,
    begun: () => vi.waitFor(() => expect(answer).toBeDefined()),
    answer: (status: number) => answer?.(status),
  };
}

/** Pays by `headers`, and leaves while it is being settled. */
const leftUnserved = (shopGate: ReturnType<typeof gate>, headers: Record<string, string>) =>
  leaveWhileSettling(shop, shopGate, (signal) => chat(headers, signal));

describe("a payment at a price that was made of a header", () => {
  test("buys nothing for another value while its handler runs, nor once its payer has left", async () => {
    const payment = await paid();
    const leaving = new AbortController();
    const slow = slowHandler();
    const first = ask(gate(), slow.serve, chat(payment, leaving.signal));
    await slow.begun();
    const large = handler();
    const other = { ...payment, "x-model": "large" };
    expect(await ask(gate(), large, chat(other))).toMatchObject({ status: 409 });
    leaving.abort(new Error("left"));
    await expect(first).rejects.toThrow("left");
    expect((await ask(gate(), large, chat(other)))?.status).not.toBe(200);
    expect([large.mock.calls.length, transfers()]).toEqual([0, 0]);
    expect(await ask(gate(), handler(), chat(payment))).toMatchObject({ status: 200 });
  });

  test("buys nothing for another value while its handler runs, nor once that has failed", async () => {
    const payment = await paid();
    const slow = slowHandler();
    const first = ask(gate(), slow.serve, chat(payment));
    await slow.begun();
    const large = handler();
    const other = { ...payment, "x-model": "large" };
    expect(await ask(gate(), large, chat(other))).toMatchObject({ status: 409 });
    slow.answer(404);
    expect((await first)?.status).toBe(404);
    expect((await ask(gate(), large, chat(other)))?.status).not.toBe(200);
    expect([large.mock.calls.length, transfers()]).toEqual([0, 0]);
    expect(await ask(gate(), handler(), chat(payment))).toMatchObject({ status: 200 });
  });

  test("is not collected with another value once it is charged, and is with the same", async () => {
    const payment = { ...(await paid()), "x-model": "small" };
    await leftUnserved(gate(undefined, settlesFirst), payment);
    const large = handler();
    const other = { ...payment, "x-model": "large" };
    expect(await ask(gate(undefined, settlesFirst), large, chat(other))).toMatchObject({ status: 409 });
    expect(large).not.toHaveBeenCalled();
    expect(await ask(gate(undefined, settlesFirst), handler(), chat(payment))).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });

  test("is finished though another header of it has changed, or one that changes no price", async () => {
    const payment = { ...(await paid()), "x-model": "small", "x-request-id": "1" };
    await leftUnserved(gate(undefined, settlesFirst), payment);
    const again = { ...payment, "x-model": "medium", "x-request-id": "2" };
    expect(await ask(gate(undefined, settlesFirst), handler(), chat(again))).toMatchObject({ status: 200 });
  });
});

test("a payment to one tenant's address buys nothing of another tenant", async () => {
  const tenant = (await shop.controls.payer()).address;
  const byHost = ({ adapter }: HTTPRequestContext) => (adapter.getHeader("host") === "tenant.example" ? tenant : payTo);
  const hosts = () => gate({ payTo: byHost }, settlesFirst);
  const payment = await paid({ to: tenant });
  await leftUnserved(hosts(), { ...payment, host: "tenant.example" });
  expect(await ask(hosts(), handler(), chat({ ...payment, host: "other.example" }))).toMatchObject({ status: 409 });
  expect(await ask(hosts(), handler(), chat({ ...payment, host: "tenant.example" }))).toMatchObject({ status: 200 });
});

describe("once the route asks for another price, at another instance", () => {
  const today: Record<string, Partial<PaymentOption>> = {
    "that reads the same header": {
      price: ({ adapter }) => (adapter.getHeader("x-model") === "large" ? "$5" : "$0.02"),
    },
    "that reads another header": { price: ({ adapter }) => (adapter.getUserAgent() === "robot" ? "$5" : "$0.02") },
    "that reads none": { price: "$0.02" },
    "that throws": {
      price: () => {
        throw new Error("The prices are away.");
      },
    },
  };

  test.each(Object.keys(today))("%s, a charged payment is finished with its own headers only", async (name) => {
    const payment = { ...(await paid()), "x-model": "small" };
    await leftUnserved(gate(undefined, settlesFirst), payment);
    const dearer = gate(today[name], settlesFirst);
    for (const other of [{ "x-model": "large" }, { "x-model": "" }]) {
      expect(await ask(dearer, handler(), chat({ ...payment, ...other }))).toMatchObject({ status: 409 });
    }
    expect(await ask(dearer, handler(), chat(payment))).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });

  test("a payment that was taken by a version that kept no headers is finished", async () => {
    const payment = { ...(await paid()), "x-model": "small" };
    await leftUnserved(gate({ price: "$0.01" }, settlesFirst), payment);
    const dearer = gate({ price: ({ adapter }) => (adapter.getHeader("x-model") ? "$5" : "$1") }, settlesFirst);
    expect(await ask(dearer, handler(), chat(payment))).toMatchObject({ status: 200 });
  });
});

test("the store is told which headers made the price, and holds no value, nor the payment", async () => {
  const functions = {
    price: ({ adapter }: HTTPRequestContext) =>
      [adapter.getHeader("x-plan"), adapter.getAcceptHeader(), adapter.getHeader("payment-signature")].length &&
      "$0.01",
    payTo: async ({ adapter }: HTTPRequestContext) => (adapter.getUserAgent() === "" ? "" : payTo),
  };
  let key = "";
  const serve = handler(async (payment) => {
    key = payment.key;
    return { status: 200, headers: {}, body: new Uint8Array() };
  });
  const headers = { ...(await paid()), "x-plan": "secret-plan", "user-agent": "buyer" };
  expect(await ask(gate(functions), serve, chat(headers))).toMatchObject({ status: 200 });
  const { pricedBy } = await shop.stores.verifications.peek(paymentRecord(key));
  expect(pricedBy).toMatch(/^accept,x-plan [\w-]{43}$/);
});
