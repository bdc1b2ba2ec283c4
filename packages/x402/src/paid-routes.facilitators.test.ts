// Facilitators as they are: in replicas that disagree, away at the start, told odd spellings; and answers that cannot be settled.
import type { Answer } from "@tollbooth-stores/http";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { describe, expect, test, vi } from "vitest";
import { ask, cent, handler, network, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const made = async () => makePayment(await shop.controls.payer());
const quote = (payload: unknown, more: Record<string, string> = {}) =>
  requestTo("/quote", { ...paymentHeader(payload), ...more });
const transfers = () => shop.controls.counts().transfers;
const options = { collector: () => "mine" };

describe("a settlement that is pending at one replica of a facilitator", () => {
  const transaction = `0x${"ab".repeat(32)}`;

  test.each([
    ["serve-then-settle", "answers"],
    ["serve-then-settle", "rejects"],
    ["settle-then-serve", "answers"],
    ["settle-then-serve", "rejects"],
  ] as const)("is in doubt although another one refuses it (%s, it %s so)", async (order, how) => {
    const settle = shop.facilitator.settle.bind(shop.facilitator);
    let moves: (() => Promise<unknown>) | undefined;
    vi.spyOn(shop.facilitator, "settle").mockImplementation(async (...given) => {
      const failed = { success: false, network, transaction: "", errorReason: "settlement_pending" };
      if (moves === undefined) {
        moves = () => settle(...given);
        if (how === "answers") return { ...failed, transaction };
        throw Object.assign(new Error("pending"), { ...failed, name: "SettleError", statusCode: 402, transaction });
      }
      return { ...failed, errorReason: "invalid_exact_evm_payload_authorization_valid_before" };
    });
    const gate = shop.gate(undefined, { ...options, order });
    const serve = handler();
    const request = quote((await made()).payload);
    expect(await ask(gate, serve, request)).toMatchObject({ status: 503, error: "settlement_pending" });
    const doubtful = [];
    for await (const { kind } of shop.stores.verifications.unresolved()) doubtful.push(kind);
    expect(doubtful).toEqual(["in-doubt"]);
    await moves?.();
    expect(await ask(gate, serve, request)).toMatchObject({ status: 200 });
    expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
  });
});

describe("of two facilitators", () => {
  const other = "eip155:8453" as const;
  const away: FacilitatorClient = {
    getSupported: () => Promise.reject(new Error("Away.")),
    verify: () => Promise.reject(new Error("Away.")),
    settle: () => Promise.reject(new Error("Away.")),
  };
  const kinds = { kinds: [{ x402Version: 2, scheme: "exact", network: other }], extensions: [], signers: {} };

  test("one that is away at the start is asked again, and the other one's gate sells meanwhile", async () => {
    const getSupported = vi.spyOn(away, "getSupported");
    const server = new x402ResourceServer([away, shop.facilitator]);
    server.register(network, new ExactEvmScheme()).register(other, new ExactEvmScheme());
    const gate = shop.gate(cent("/quote"), options, server);
    const second = shop.gate({ "GET /other": { accepts: { ...oneCent, network: other } } }, options, server);
    expect(await ask(second, handler(), requestTo("/other"))).toMatchObject({ status: 503 });
    await expect(second.initialize()).rejects.toThrow("eip155:8453");
    expect(await ask(gate, handler(), quote((await made()).payload))).toMatchObject({ status: 200 });
    // What the first gate has heard does not suffice.
    expect(await ask(second, handler(), requestTo("/other"))).toMatchObject({ status: 503 });
    let answer: ((supported: typeof kinds) => void) | undefined;
    getSupported.mockImplementation(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const asking = ask(second, handler(), requestTo("/other"));
    await vi.waitFor(() => expect(answer).toBeDefined());
    expect(await ask(gate, handler(), quote((await made()).payload))).toMatchObject({ status: 200 });
    answer?.(kinds);
    expect(await asking).toMatchObject({ status: 402 });
  });

  test("a network that no scheme is registered for stays a wrong configuration", async () => {
    const gate = shop.gate({ "GET /other": { accepts: { ...oneCent, network: other } } });
    await expect(ask(gate, handler(), requestTo("/other"))).rejects.toThrow("eip155:8453");
  });
});

test("a payment that came before any facilitator was heard is never told that nothing was charged", async () => {
  const request = quote((await made()).payload);
  expect(await ask(shop.gate(undefined, options), handler(), request)).toMatchObject({ status: 200 });
  vi.spyOn(shop.facilitator, "getSupported").mockRejectedValue(new Error("Away."));
  const { status, text = "" } = (await ask(shop.gate(undefined, options), handler(), request)) ?? {};
  expect([status, text.includes("Nothing was charged"), text.includes("Send the same payment again")]).toEqual([
    503,
    false,
    true,
  ]);
});

describe("a facilitator is given", () => {
  test("one spelling of a payment, whichever copy comes first", async () => {
    const { payload, authorization } = await made();
    const spelt = Object.fromEntries(
      Object.entries(authorization).map(([name, value]) => [
        name,
        /^0x/.test(value) ? `0X${value.slice(2).toUpperCase()}` : value,
      ]),
    );
    const odd = { ...payload, payload: { ...Object(payload).payload, authorization: spelt } };
    const gate = shop.gate(undefined, options);
    expect(await ask(gate, handler(), quote(odd))).toMatchObject({ status: 200 });
    expect(await ask(gate, handler(), quote(payload))).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });

  test("the resource that the payer named", async () => {
    const verify = vi.spyOn(shop.facilitator, "verify");
    const resource = { url: "https://shop.example/quote", description: "A quote" };
    await ask(shop.gate(), handler(), quote({ ...(await made()).payload, resource }));
    expect(verify).toHaveBeenCalledWith(expect.objectContaining({ resource }), expect.anything());
  });

  test("no payload with two authorizations, each of which could be paid", async () => {
    const { payload, authorization } = await made();
    const { from, to, value: amount, validAfter, validBefore: deadline } = authorization;
    const permit2Authorization = {
      ...{ from, spender: to, nonce: "7", deadline },
      permitted: { token: Object(payload.accepted).asset, amount },
      witness: { to, validAfter },
    };
    const both = { ...payload, payload: { ...Object(payload).payload, permit2Authorization } };
    const verify = vi.spyOn(shop.facilitator, "verify").mockResolvedValue({ isValid: true });
    expect(await ask(shop.gate(), handler(), quote(both))).toMatchObject({ status: 400, error: "malformed_payment" });
    expect(verify).not.toHaveBeenCalled();
  });
});

describe("an answer that cannot be settled or sent", () => {
  const body = new TextEncoder().encode("made");
  const asking = (amount: string) => ({
    status: 200,
    headers: { "settlement-overrides": JSON.stringify({ amount }) },
    body,
  });

  test.each(["10001", "100.01%", "$0.0101"])(
    "because it asks for more than the payment's amount (%s of $0.01) is the handler's error",
    async (amount) => {
      const gate = shop.gate();
      const request = quote((await made()).payload);
      await expect(ask(gate, handler(asking(amount)), request)).rejects.toThrow(RangeError);
      expect(transfers()).toBe(0);
      expect(await ask(gate, handler(), request)).toMatchObject({ status: 200 });
    },
  );

  test.each<[string, Answer]>([
    ["a status that is none", { status: Number.NaN, headers: {}, body }],
    ["a status that is text", Object({ status: "200", headers: {}, body })],
    ["no headers", Object({ status: 200, body })],
    ["a body of text", Object({ status: 200, headers: {}, body: "made" })],
    ["an amount that is no text", { status: 200, headers: { "settlement-overrides": '{"amount":5}' }, body }],
    ...["12.5", "abc", "$abc", "$-1", "-1", "", "1e3", "0x10", "NaN", "5%%", "1.234%"].map(
      (amount): [string, Answer] => [`an amount of "${amount}"`, asking(amount)],
    ),
    ["an amount that is no JSON", { status: 200, headers: { "Settlement-Overrides": "5 cents" }, body }],
  ])(
    "because of %s is the handler's error: nothing is charged, and the payment is free again",
    async (_what, answer) => {
      const gate = shop.gate();
      const request = quote((await made()).payload);
      await expect(
        ask(
          gate,
          handler(async () => answer),
          request,
        ),
      ).rejects.toThrow(TypeError);
      expect(transfers()).toBe(0);
      expect(await ask(gate, handler(), request)).toMatchObject({ status: 200 });
    },
  );

  test("because an extension adds what no header can say is sent with a short receipt", async () => {
    const server = shop.server();
    server.onAfterSettle(async ({ result }) => {
      Object.assign(result, { extensions: { big: 2n ** 64n } });
    });
    const answer = await ask(shop.gate(undefined, options, server), handler(), quote((await made()).payload));
    expect(answer?.status).toBe(200);
    const receipt = decodePaymentResponseHeader(answer?.headers["payment-response"] ?? "");
    expect(receipt).toMatchObject({ success: true, network, transaction: expect.stringMatching(/^0x/) });
  });
});
