// The steps of the SDK by themselves: what cannot be brought about through the gate in time.
import { expect, test, vi } from "vitest";
import { openShop } from "./paid-routes.test-support.ts";
import { evmRefusals } from "./refusals.ts";
import { sdkSteps } from "./sdk-steps.ts";

const requirements = {
  scheme: "exact",
  network: "eip155:84532",
  asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
  amount: "10000",
  payTo: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
  maxTimeoutSeconds: 60,
  extra: {},
} as const;
const payment = { key: "k", payloadHash: "p", fingerprint: "f", validUntilMs: Date.now() + 60_000, reference: "{}" };

/** Steps whose facilitator answers `settled`. */
async function settling(settled: object) {
  const shop = await openShop();
  const server = shop.server();
  await shop.close();
  const settlePayment = vi
    .spyOn(shop.facilitator, "settle")
    .mockResolvedValue({ success: true, transaction: "", network: requirements.network, ...settled });
  const findSettlement = vi.fn(async () => "unknown" as const);
  const bought = {
    payment,
    payload: { x402Version: 2, accepted: requirements, payload: {} },
    requirements,
    extensions: undefined,
    transport: undefined,
  };
  const steps = sdkSteps(
    server,
    bought,
    { findSettlement, refusals: () => evmRefusals, settlesFirst: false },
    {
      made: () => undefined,
      mayBegin: async () => true,
      requireSellable: async () => undefined,
      mayAsk: async () => true,
      maySettleAgain: async () => true,
    },
  );
  return { steps, settlePayment };
}

test("a settlement whose lease is lost is not sent", async () => {
  const { steps, settlePayment } = await settling({});
  const note = vi.fn(async () => undefined);
  await expect(steps.settle({ signal: AbortSignal.abort(new Error("lost")), fence: "1", note })).rejects.toThrow(
    "lost",
  );
  await expect(
    steps.findSettlement("", { signal: AbortSignal.abort(new Error("lost")), fence: "1", reference: "{}" }),
  ).rejects.toThrow("lost");
  expect(settlePayment).not.toHaveBeenCalled();
});

test("a transaction of an unclear settlement is noted before the payment is in doubt", async () => {
  const { steps } = await settling({ success: false, transaction: "0xabc", errorReason: "settlement_pending" });
  const note = vi.fn(async () => undefined);
  await expect(steps.settle({ signal: new AbortController().signal, fence: "1", note })).rejects.toThrow(
    "findSettlement",
  );
  expect(note).toHaveBeenCalledExactlyOnceWith("0xabc");
});

test("a refused settlement is not tried again when its outcome is looked up", async () => {
  const errorReason = "invalid_exact_evm_nonce_already_used";
  const { steps, settlePayment } = await settling({ success: false, transaction: "", errorReason });
  const context = { signal: new AbortController().signal, fence: "1" };
  expect(await steps.settle({ ...context, note: async () => undefined })).toEqual({
    ok: false,
    reason: errorReason,
    used: true,
  });
  expect(await steps.findSettlement(undefined, { ...context, reference: "{}" })).toBe("unknown");
  expect(settlePayment).toHaveBeenCalledTimes(1);
});
