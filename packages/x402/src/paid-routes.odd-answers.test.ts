// Answers of a facilitator that no version of x402 knows: they are no judgement of a payment, and no proof of a transfer.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { expect, test, vi } from "vitest";
import { ask, handler, network, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();
const quote = async () => requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));
const transaction = `0x${"ab".repeat(32)}`;
const nothing = [null, undefined, "", "ok", 5, true, [], {}];

/** As a client written without types answers. */
const untyped = (answer: unknown) => Object({ answer }).answer;

async function doubts(): Promise<number> {
  let count = 0;
  for await (const { kind } of shop.stores.verifications.unresolved()) if (kind === "in-doubt") count += 1;
  return count;
}

test.each<[unknown]>([
  ...nothing.map((answer): [unknown] => [answer]),
  [{ isValid: "true" }],
  [{ isValid: 1 }],
  [{ isValid: null }],
  [{ isValid: "false", invalidReason: "insufficient_funds" }],
  [{ isValid: false, invalidReason: 5 }],
  [{ isValid: false, invalidReason: { code: 5 } }],
  [{ isValid: false, invalidReason: ["insufficient_funds"] }],
])("a verification answered with %j is 503, and the same payment is good later", async (answer) => {
  const verify = vi.spyOn(shop.facilitator, "verify").mockResolvedValueOnce(untyped(answer));
  const [gate, serve, request] = [shop.gate(), handler(), await quote()];
  expect(await ask(gate, serve, request)).toMatchObject({
    status: 503,
    error: "facilitator_unavailable",
    headers: { "retry-after": "1" },
  });
  expect([serve.mock.calls.length, shop.controls.counts().transfers]).toEqual([0, 0]);
  expect(await ask(gate, serve, request)).toMatchObject({ status: 200 });
  expect(verify).toHaveBeenCalledTimes(2);
});

test.each<[unknown]>([
  ...nothing.map((answer): [unknown] => [answer]),
  [{ success: "true", transaction, network }],
  [{ success: 1, transaction, network }],
  [{ success: true, transaction: [transaction], network }],
  [{ success: true, transaction: 5, network }],
  [{ success: true, transaction: null, network }],
  [{ success: true, transaction, network: [network] }],
  [{ success: false, transaction: 5, errorReason: "invalid_exact_evm_signature" }],
  [{ success: false, transaction: [], errorReason: "invalid_exact_evm_signature" }],
  [{ success: "false", transaction: "", errorReason: "invalid_exact_evm_signature" }],
  [{ success: false, transaction: "", errorReason: ["invalid_exact_evm_signature"] }],
  [{ success: false, transaction: "", errorReason: 5 }],
])("a settlement answered with %j is in doubt: neither sold nor free again", async (answer) => {
  vi.spyOn(shop.facilitator, "settle").mockResolvedValue(untyped(answer));
  const gate = shop.gate(undefined, { findSettlement: async () => "unknown" });
  const request = await quote();
  for (let time = 0; time < 2; time += 1) {
    const told = await ask(gate, handler(), request);
    expect(told).toMatchObject({ status: 503, error: "settlement_pending", headers: { "retry-after": "1" } });
  }
  expect(await doubts()).toBe(1);
});
