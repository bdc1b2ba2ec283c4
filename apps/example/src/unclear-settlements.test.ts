// A facilitator whose answer to settle proves nothing is not believed, whatever it says: the chain is asked.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem();

async function payment() {
  const { payload, authorization } = await makePayment(await system.payer());
  const headers = paymentHeader(payload);
  return {
    ask: () => fetch(system.url("/quote"), { headers }),
    transfers: () => system.logged("ledger", "transfer").filter(({ from }) => from === authorization.from),
  };
}

const network = "eip155:84532";
const transaction = `0x${"ab".repeat(32)}`;
const unclear: [string, object][] = [
  ["a success without a transaction", { success: true, transaction: "", network }],
  ["a success that is pending", { success: true, transaction: "pending", network }],
  ["a success on another network", { success: true, transaction, network: "eip155:8453" }],
  [
    "a refusal with a transaction",
    { success: false, transaction, network, errorReason: "invalid_exact_evm_insufficient_balance" },
  ],
  ["a refusal for no known reason", { success: false, transaction: "", network, errorReason: "something" }],
];

describe("settle is answered with", () => {
  test.each(unclear)("%s, and the money has moved: 503, then what was paid for, once", async (_what, answer) => {
    const { ask, transfers } = await payment();
    const { runs } = system.counts();
    await system.fault({ on: "settle", answer, times: 1 });
    expect((await ask()).status).toBe(503);
    const known = await ask();
    expect(known.status).toBe(200);
    const [transfer, ...more] = transfers();
    expect(more).toEqual([]);
    const receipt = decodePaymentResponseHeader(known.headers.get("payment-response") ?? "");
    expect(receipt.transaction).toBe(transfer?.transaction);
    expect(system.counts().runs).toBe(runs + 1);
  });

  test.each(unclear)(
    "%s, and nothing has moved: 503 while that is so, and never served unpaid",
    async (_what, answer) => {
      const { ask, transfers } = await payment();
      await system.fault({ on: "settle", fail: "before", answer });
      for (let attempt = 0; attempt < 2; attempt += 1) expect((await ask()).status).toBe(503);
      expect(transfers()).toEqual([]);
      await system.reset();
      // It is asked about once a second.
      await expect.poll(async () => (await ask()).status, { interval: 100, timeout: 5_000 }).toBe(200);
      expect(transfers()).toHaveLength(1);
    },
  );
});
