// Payments by the amount that the handler says: `upto`, and Settlement-Overrides.

import { paymentHeader, payTo } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader, type PaymentOption } from "@x402/core/http";
import { x402ResourceServer } from "@x402/core/server";
import type { SettleResponse } from "@x402/core/types";
import { UptoEvmScheme } from "@x402/evm/upto/server";
import { expect, test, vi } from "vitest";
import { ask, handler, network, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";

const shop = shopForEachTest();

const quote = (payload: unknown) => requestTo("/quote", paymentHeader(payload));

/** A shop that meters, and one payment for it. */
async function metering(
  settle: () => Promise<SettleResponse>,
  more: Partial<PaidRoutesOptions> = {},
  price: PaymentOption["price"] = "$0.01",
) {
  const server = new x402ResourceServer({
    getSupported: async () => ({
      kinds: [{ x402Version: 2, scheme: "upto", network, extra: { facilitatorAddress: payTo } }],
      extensions: [],
      signers: {},
    }),
    verify: async () => ({ isValid: true }),
    settle,
  }).register(network, new UptoEvmScheme());
  const findSettlement = async () => "unknown" as const;
  const gate = shop.gate(
    { "GET /quote": { accepts: { ...oneCent, scheme: "upto", price } } },
    { findSettlement, ...more },
    server,
  );
  const [accepted] = required(await ask(gate, handler(), requestTo("/quote"))).accepts;
  const permit2Authorization = {
    from: payTo,
    permitted: { token: accepted?.asset, amount: "10000" },
    spender: payTo,
    nonce: "7",
    deadline: String(Math.floor(Date.now() / 1_000) + 100),
    witness: { to: payTo, facilitator: payTo, validAfter: "0" },
  };
  const payload = { signature: `0x${"11".repeat(64)}1b`, permit2Authorization };
  return { gate, request: quote({ x402Version: 2, accepted, payload }) };
}
const metered = () => handler({ headers: { "settlement-overrides": '{"amount":"2500"}' } });

test("upto settles for the amount that the handler says, and tells only the SDK of it", async () => {
  const settle = vi.fn(async () => ({ success: true, transaction: `0x${"ab".repeat(32)}`, network }));
  const { gate, request } = await metering(settle);
  const sold = await ask(gate, metered(), request);
  expect(sold?.status).toBe(200);
  expect(sold?.headers["settlement-overrides"]).toBeUndefined();
  expect(settle).toHaveBeenCalledTimes(1);
  expect(settle).toHaveBeenCalledWith(expect.anything(), expect.objectContaining({ amount: "2500" }));
});

test.each([
  ["50%", "5000"],
  ["0.01%", "1"],
  ["33.3%", "3330"],
  ["100%", "10000"],
  ["$0.005", "5000"],
  ["$0.01", "10000"],
  ["10000", "10000"],
])("upto settles for a share or for dollars, up to the whole: %s", async (amount, units) => {
  const settle = vi.fn(async () => ({ success: true, transaction: `0x${"ab".repeat(32)}`, network }));
  const { gate, request } = await metering(settle);
  const serve = handler({ headers: { "settlement-overrides": JSON.stringify({ amount }) } });
  expect((await ask(gate, serve, request))?.status).toBe(200);
  expect(settle).toHaveBeenCalledWith(expect.anything(), expect.objectContaining({ amount: units }));
});

test.each(["12.5", "$abc", "10001"])("upto for %s is the handler's error, and nothing is settled", async (amount) => {
  const settle = vi.fn(async () => ({ success: true, transaction: `0x${"ab".repeat(32)}`, network }));
  const { gate, request } = await metering(settle);
  const serve = handler({ headers: { "settlement-overrides": JSON.stringify({ amount }) } });
  await expect(ask(gate, serve, request)).rejects.toThrow("Settlement-Overrides");
  expect(settle).not.toHaveBeenCalled();
  expect((await ask(gate, metered(), request))?.status).toBe(200);
});

test("upto for dollars of an asset whose decimals are unknown is the handler's error, and nothing is settled", async () => {
  const settle = vi.fn(async () => ({ success: true, transaction: `0x${"ab".repeat(32)}`, network }));
  const price = { asset: `0x${"12".repeat(20)}`, amount: "10000" };
  const { gate, request } = await metering(settle, {}, price);
  const serve = handler({ headers: { "settlement-overrides": '{"amount":"$0.005"}' } });
  await expect(ask(gate, serve, request)).rejects.toThrow("of an asset that the SDK knows");
  expect(settle).not.toHaveBeenCalled();
});

test("upto of which nothing is charged is served, and told so, also to who asks again", async () => {
  const settle = vi.fn(async () => ({ success: true, transaction: "", amount: "0", network }));
  const { gate, request } = await metering(settle, { collector: () => "mine" });
  const free = handler({ headers: { "settlement-overrides": '{"amount":"0"}' } });
  for (let time = 0; time < 2; time += 1) {
    const sold = await ask(gate, free, request);
    expect(sold?.status).toBe(200);
    const receipt = decodePaymentResponseHeader(sold?.headers["payment-response"] ?? "");
    expect(receipt).toMatchObject({ success: true, transaction: "" });
  }
  expect([free.mock.calls.length, settle.mock.calls.length]).toEqual([1, 1]);
});

test("upto that is refused before it is sent is 402, and free again after ten seconds", async () => {
  const refused = { success: false, transaction: "", network, errorReason: "permit2_insufficient_balance" };
  const settle = vi.fn(async (): Promise<SettleResponse> => refused);
  const { gate, request } = await metering(settle);
  expect((await ask(gate, metered(), request))?.status).toBe(402);
  shop.clock.advance(10_000);
  settle.mockResolvedValue({ success: true, transaction: `0x${"ab".repeat(32)}`, network });
  expect((await ask(gate, metered(), request))?.status).toBe(200);
});

test("upto in doubt is never settled again: its amount is known only to the call that made the answer", async () => {
  const settle = vi.fn(async () => Promise.reject(new Error("no reply")));
  const { gate, request } = await metering(settle);
  for (let time = 0; time < 2; time += 1) expect((await ask(gate, metered(), request))?.status).toBe(503);
  expect(settle).toHaveBeenCalledTimes(1);
});
