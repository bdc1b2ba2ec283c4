// Schemes that the sandbox's facilitator does not settle: `exact` by Permit2 and on Solana; and flows that a gate never sells.
import { makePayment, paymentHeader, payTo } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader, type PaymentOption } from "@x402/core/http";
import { type FacilitatorClient, type RoutesConfig, x402ResourceServer } from "@x402/core/server";
import type { SchemeNetworkServer, SettleResponse, VerifyResponse } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { describe, expect, test, vi } from "vitest";
import {
  ask,
  cent,
  type Handled,
  handler,
  network,
  oneCent,
  requestTo,
  required,
  shopForEachTest,
} from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const quote = (payload: unknown) => requestTo("/quote", paymentHeader(payload));

function stubFacilitator(on: `${string}:${string}`, transaction: string) {
  const verify = vi.fn(async (): Promise<VerifyResponse> => ({ isValid: true }));
  const settle = vi.fn(async (): Promise<SettleResponse> => ({ success: true, transaction, network: on }));
  const kinds = [{ x402Version: 2, scheme: "exact", network: on }];
  const client: FacilitatorClient = {
    getSupported: async () => ({ kinds, extensions: [], signers: {} }),
    verify,
    settle,
  };
  return { client, verify, settle };
}

/** A gate of one route, and a payment for it with `payload`, made for the terms that the route asks for. */
async function selling(server: x402ResourceServer, accepts: PaymentOption, payload: object) {
  const findSettlement = async () => "unknown" as const;
  const gate = shop.gate({ "GET /quote": { accepts } }, { findSettlement, collector: () => "mine" }, server);
  const [accepted] = required(await ask(gate, handler(), requestTo("/quote"))).accepts;
  return { gate, accepted, request: quote({ x402Version: 2, accepted, payload }) };
}

describe("exact by Permit2", () => {
  const transaction = `0x${"ab".repeat(32)}`;
  const token = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
  const permit2 = () => ({
    signature: `0x${"11".repeat(64)}1b`,
    permit2Authorization: {
      from: payTo,
      permitted: { token, amount: "10000" },
      spender: payTo,
      nonce: "7",
      deadline: String(Math.floor(Date.now() / 1_000) + 100),
      witness: { to: payTo, validAfter: "0" },
    },
  });

  async function permitting() {
    const facilitator = stubFacilitator(network, transaction);
    const server = new x402ResourceServer(facilitator.client).register(network, new ExactEvmScheme());
    const accepts = { ...oneCent, extra: { assetTransferMethod: "permit2" } };
    return { ...facilitator, ...(await selling(server, accepts, permit2())) };
  }

  test("is verified, made and settled once for 5 copies, with a receipt", async () => {
    const { gate, request, verify, settle } = await permitting();
    const serve = handler();
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(gate, serve, request)));
    expect(answers.map((answer) => answer?.status)).toEqual(Array(5).fill(200));
    expect([verify.mock.calls.length, serve.mock.calls.length, settle.mock.calls.length]).toEqual([1, 1, 1]);
    const receipt = decodePaymentResponseHeader(answers[0]?.headers["payment-response"] ?? "");
    expect(receipt).toMatchObject({ success: true, network, transaction });
  });

  test("that its payer has not allowed yet is 412 with the route's terms, unserved, and any other rejection 402", async () => {
    const { gate, request, verify } = await permitting();
    const serve = handler();
    verify.mockResolvedValue({ isValid: false, invalidReason: "permit2_allowance_required" });
    const refused = await ask(gate, serve, request);
    expect([refused?.status, required(refused).error]).toEqual([412, "permit2_allowance_required"]);
    expect(required(refused).accepts).toHaveLength(1);
    expect(serve).not.toHaveBeenCalled();
    const other = await permitting();
    other.verify.mockResolvedValue({ isValid: false, invalidReason: "permit2_insufficient_balance" });
    shop.clock.advance(11_000);
    expect((await ask(other.gate, serve, other.request))?.status).toBe(402);
  });
});

describe("exact on Solana", () => {
  const solana = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1";
  const transaction = "5".repeat(88);
  /** A stub: `@x402/svm` is no dependency. */
  const scheme: SchemeNetworkServer = {
    scheme: "exact",
    defaultAssetTransferMethod: "default",
    paymentFlows: { default: { supported: ["authorization"], default: "authorization" } },
    parsePrice: async () => ({ amount: "10000", asset: "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU" }),
    enhancePaymentRequirements: async (requirements) => requirements,
  };
  const signed = (message: string, by: string) => ({
    transaction: Buffer.concat([Buffer.of(1), Buffer.alloc(64, by), Buffer.from(message)]).toString("base64"),
  });

  test("is verified, made and settled once; another signature of its message is the same payment", async () => {
    const { client, verify, settle } = stubFacilitator(solana, transaction);
    const server = new x402ResourceServer(client).register(solana, scheme);
    const accepts = { ...oneCent, network: solana, payTo: "2wKupLR9q6wXYppw8Gr2NvWxKBUqm4PPJKkQfoxHDBg4" } as const;
    const { gate, accepted, request } = await selling(server, accepts, signed("message", "payer"));
    const serve = handler();
    for (let time = 0; time < 2; time += 1) {
      const sold = await ask(gate, serve, request);
      expect([sold?.status, sold?.text]).toEqual([200, '{"quote":1}']);
      const receipt = decodePaymentResponseHeader(sold?.headers["payment-response"] ?? "");
      expect(receipt).toMatchObject({ success: true, network: solana, transaction });
    }
    const resigned = { x402Version: 2, accepted, payload: signed("message", "another") };
    expect([verify.mock.calls.length, serve.mock.calls.length, settle.mock.calls.length]).toEqual([1, 1, 1]);
    expect((await ask(gate, serve, quote(resigned)))?.status).toBe(409);
    expect([serve.mock.calls.length, settle.mock.calls.length]).toEqual([1, 1]);
  });
});

describe("a payment flow that no gate sells", () => {
  const today: RoutesConfig = { "GET /quote": { accepts: { ...oneCent, price: "$0.02" } } };

  test.each(["escrow", "made up"])(
    "(%s), named by a payment at an earlier price, is 402 or 409, and no error",
    async (paymentFlow) => {
      // The scheme knows escrow, and its default is another flow.
      const supported = ["authorization", "escrow"] as const;
      const paymentFlows = { eip3009: { default: "authorization", supported } } as const;
      const scheme = Object.assign(Object.create(new ExactEvmScheme()), { paymentFlows });
      const server = new x402ResourceServer(shop.facilitator).register(network, scheme);
      const { payload } = await makePayment(await shop.controls.payer());
      const forged = quote({ ...payload, accepted: { ...Object(payload.accepted), extra: { paymentFlow } } });
      const [before, now] = [shop.gate(undefined, {}, server), shop.gate(today, {}, server)];
      const serve = handler();
      expect((await ask(now, serve, forged))?.status).toBe(402);
      shop.clock.advance(10_000);
      let meanwhile: Handled | undefined;
      const failing = handler(async () => {
        meanwhile = await ask(now, serve, forged);
        return { status: 404, headers: {}, body: new Uint8Array() };
      });
      expect((await ask(before, failing, quote(payload)))?.status).toBe(404);
      expect(meanwhile).toMatchObject({ status: 409, error: "payment_already_used" });
      expect([serve.mock.calls.length, shop.controls.counts().transfers]).toEqual([0, 0]);
    },
  );

  test("added to a route's terms by its scheme at a request is the seller's error, and nothing is served", async () => {
    const base = new ExactEvmScheme();
    const scheme: SchemeNetworkServer = Object.assign(Object.create(base), {
      paymentFlows: { eip3009: { default: "authorization", supported: ["authorization", "escrow"] } },
      enhancePaymentRequirements: async (...given: Parameters<ExactEvmScheme["enhancePaymentRequirements"]>) => {
        const terms = await base.enhancePaymentRequirements(...given);
        return { ...terms, extra: { ...terms.extra, paymentFlow: "escrow" } };
      },
    });
    const server = new x402ResourceServer(shop.facilitator).register(network, scheme);
    const gate = shop.gate(cent("/quote"), {}, server);
    const [accepted] = required(await ask(gate, handler(), requestTo("/quote"))).accepts;
    const { payload } = await makePayment(await shop.controls.payer());
    const serve = handler();
    await expect(ask(gate, serve, quote({ ...payload, accepted }))).rejects.toThrow(
      "neither authorization nor upfront",
    );
    expect([serve.mock.calls.length, shop.controls.counts().transfers]).toEqual([0, 0]);
  });
});
