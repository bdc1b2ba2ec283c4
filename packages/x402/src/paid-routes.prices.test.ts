// Copies of a payment that meet another price: at an instance that asks for more already, while the first one is under way or freed.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import { ask, handler, network, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const made = async () => makePayment(await shop.controls.payer());
const quote = (payload: unknown) => requestTo("/quote", paymentHeader(payload));
const transfers = () => shop.controls.counts().transfers;
const options = { collector: () => "mine" };
const poor = { success: false, network, transaction: "", errorReason: "invalid_exact_evm_insufficient_balance" };

describe("a copy at a price that has changed", () => {
  const earlier = () => shop.gate(undefined, options);
  // A copy of a payment that is under way waits for a lease of its own gate.
  const today = () =>
    shop.gate({ "GET /quote": { accepts: { ...oneCent, price: "$0.02" } } }, { ...options, leaseMs: 300 });
  /** From now on the facilitator verifies once it is told to go on. */
  const heldVerify = () => {
    const verify = shop.facilitator.verify.bind(shop.facilitator);
    let go: (() => void) | undefined;
    vi.spyOn(shop.facilitator, "verify").mockImplementation(async (...given) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return verify(...given);
    });
    return { begun: () => vi.waitFor(() => expect(go).toBeDefined()), goOn: () => go?.() };
  };

  test("is 503 while the first one is being verified, and gets its answer once that is paid for", async () => {
    const verifying = heldVerify();
    const request = quote((await made()).payload);
    const first = ask(earlier(), handler(), request);
    await verifying.begun();
    expect(await ask(today(), handler(), request)).toMatchObject({ status: 503, error: "settlement_pending" });
    verifying.goOn();
    expect(await first).toMatchObject({ status: 200 });
    expect(await ask(today(), handler(), request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect(transfers()).toBe(1);
  });

  test("is 503 while it is verified anew after a refused settlement, and gets its answer once that is paid for", async () => {
    const settle = vi.spyOn(shop.facilitator, "settle").mockResolvedValueOnce(poor);
    const { payload } = await made();
    expect((await ask(earlier(), handler(), quote(payload)))?.status).toBe(402);
    shop.clock.advance(10_000);
    const verifying = heldVerify();
    const first = ask(earlier(), handler(), quote(payload));
    await verifying.begun();
    expect(await ask(today(), handler(), quote(payload))).toMatchObject({ status: 503, error: "settlement_pending" });
    verifying.goOn();
    expect(await first).toMatchObject({ status: 200 });
    expect(await ask(today(), handler(), quote(payload))).toMatchObject({ status: 200, text: '{"quote":1}' });
    expect([settle.mock.calls.length, transfers()]).toEqual([2, 1]);
  });

  test("is 402 with that price once its settlement was refused, and is never charged after that, at no instance", async () => {
    vi.spyOn(shop.facilitator, "settle").mockResolvedValueOnce(poor);
    const request = quote((await made()).payload);
    expect((await ask(earlier(), handler(), request))?.status).toBe(402);
    const serve = handler();
    for (let time = 0; time < 2; time += 1) {
      const told = await ask(today(), serve, request);
      expect([told?.status, required(told).accepts[0]?.amount]).toEqual([402, "20000"]);
      expect((await ask(earlier(), serve, request))?.status).toBe(402);
    }
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
  });

  test("is 503 where its handler failed, since another copy may be about to be made; that one gets its answer", async () => {
    const request = quote((await made()).payload);
    expect((await ask(earlier(), handler({ status: 500 }), request))?.status).toBe(500);
    expect(await ask(today(), handler(), request)).toMatchObject({ status: 503, error: "settlement_pending" });
    expect(await ask(earlier(), handler(), request)).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });
});

describe("a payment that is refused for its price", () => {
  test("is charged in no copy that its route had let through before", async () => {
    let goOn: ((price: string) => void) | undefined;
    const slowly = () =>
      new Promise<string>((resolve) => {
        goOn = resolve;
      });
    const slow = shop.gate({ "GET /quote": { accepts: { ...oneCent, price: slowly } } }, options);
    const request = quote((await made()).payload);
    const serve = handler();
    const first = ask(slow, serve, request);
    await vi.waitFor(() => expect(goOn).toBeDefined());
    const dearer = shop.gate({ "GET /quote": { accepts: { ...oneCent, price: "$0.02" } } }, options);
    expect((await ask(dearer, serve, request))?.status).toBe(402);
    goOn?.("$0.01");
    expect((await first)?.status).toBe(402);
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
  });
});

test("twenty copies that are refused at once for their price are all 402", async () => {
  const dearer = shop.gate({ "GET /quote": { accepts: { ...oneCent, price: "$0.02" } } }, options);
  const request = quote((await made()).payload);
  const told = await Promise.all(Array.from({ length: 20 }, () => ask(dearer, handler(), request)));
  expect(new Set(told.map((answer) => answer?.status))).toEqual(new Set([402]));
});

describe("where a price function throws", () => {
  const broken = () =>
    shop.gate(
      {
        "GET /quote": {
          accepts: {
            ...oneCent,
            price: () => {
              throw new Error("The prices are away.");
            },
          },
        },
      },
      options,
    );

  test("a payment that was taken before is finished on its own terms", async () => {
    vi.spyOn(shop.facilitator, "settle").mockRejectedValueOnce(new Error("no reply"));
    const request = quote((await made()).payload);
    expect((await ask(shop.gate(undefined, options), handler(), request))?.status).toBe(503);
    for (let time = 0; time < 2; time += 1) {
      expect(await ask(broken(), handler(), request)).toMatchObject({ status: 200, text: '{"quote":1}' });
    }
    expect(transfers()).toBe(1);
  });

  test("its error is that of any other request, and nothing is charged", async () => {
    const serve = handler();
    const requests = [quote((await made()).payload), requestTo("/quote"), requestTo("/quote", {}, { method: "HEAD" })];
    for (const request of requests) await expect(ask(broken(), serve, request)).rejects.toThrow("The prices are away.");
    expect([serve.mock.calls.length, transfers()]).toEqual([0, 0]);
  });

  test("a hook that refuses or throws comes first, also before a payment that was taken before", async () => {
    vi.spyOn(shop.facilitator, "settle").mockRejectedValueOnce(new Error("no reply"));
    const request = quote((await made()).payload);
    expect((await ask(shop.gate(undefined, options), handler(), request))?.status).toBe(503);
    const refusing = broken();
    refusing.http.onProtectedRequest(async () => ({ abort: true, reason: "banned" }));
    expect((await ask(refusing, handler(), request))?.status).toBe(403);
    const throwing = broken();
    throwing.http.onProtectedRequest(async () => {
      throw new Error("The hook fails.");
    });
    await expect(ask(throwing, handler(), request)).rejects.toThrow("The hook fails.");
  });
});
