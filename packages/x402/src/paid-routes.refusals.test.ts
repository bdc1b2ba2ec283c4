// Which refusals are believed: each facilitator's own words, and none where another attempt of the same settlement is in doubt.
import { makePayment, paymentHeader, simulatedChain } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { describe, expect, test, vi } from "vitest";
import { ask, handler, network, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";
import { evmRefusals, type FacilitatorRefusals } from "./refusals.ts";

const shop = shopForEachTest();

const elsewhere = "eip155:8453" as const;
const failed = { success: false, transaction: "" } as const;
const { address: asset, name, version } = simulatedChain.token;
const price = { asset, amount: "10000", extra: { name, version } };
const routes = {
  "GET /quote": { accepts: oneCent },
  "GET /other": { accepts: { ...oneCent, network: elsewhere, price } },
};

/** A facilitator of the other chain. */
function facilitatorElsewhere(words: Partial<FacilitatorClient> = {}): FacilitatorClient {
  return {
    getSupported: async () => ({
      kinds: [{ x402Version: 2, scheme: "exact", network: elsewhere }],
      extensions: [],
      signers: {},
    }),
    verify: async () => ({ isValid: true }),
    settle: async () => ({ ...failed, network: elsewhere }),
    ...words,
  };
}

function serverOf(...facilitators: FacilitatorClient[]): x402ResourceServer {
  return new x402ResourceServer(facilitators)
    .register(network, new ExactEvmScheme())
    .register(elsewhere, new ExactEvmScheme());
}

async function pay(path: "/quote" | "/other") {
  const { payload } = await makePayment(await shop.controls.payer(), path === "/quote" ? {} : { network: elsewhere });
  return requestTo(path, paymentHeader(payload));
}

async function doubts(): Promise<number> {
  let count = 0;
  for await (const { kind } of shop.stores.verifications.unresolved()) if (kind === "in-doubt") count += 1;
  return count;
}

const transfers = () => shop.controls.counts().transfers;

/** A gate of two facilitators that use the same word. Only `shop.facilitator` means by it what `meaning` says. */
function gateWhereOneMeans(word: string, meaning: { used: boolean }, other: FacilitatorClient) {
  const refusals: FacilitatorRefusals = (facilitator) =>
    facilitator === shop.facilitator ? new Map([[word, meaning]]) : evmRefusals;
  return shop.gate(routes, { refusals }, serverOf(shop.facilitator, other));
}

describe("a word of one facilitator", () => {
  test("frees a payment that this facilitator refused, and leaves another one's in doubt", async () => {
    const errorReason = "limit_reached";
    vi.spyOn(shop.facilitator, "settle").mockResolvedValue({ ...failed, network, errorReason });
    const other = facilitatorElsewhere({ settle: async () => ({ ...failed, network: elsewhere, errorReason }) });
    const gate = gateWhereOneMeans(errorReason, { used: false }, other);
    const refused = await ask(gate, handler(), await pay("/quote"));
    expect([refused?.status, required(refused).error, await doubts()]).toEqual([402, errorReason, 0]);
    expect(await ask(gate, handler(), await pay("/other"))).toMatchObject({ status: 503 });
    expect(await doubts()).toBe(1);
  });

  test("says that a payment was used where this facilitator verified it, and nothing of another one's", async () => {
    const invalid = { isValid: false, invalidReason: "seen" };
    vi.spyOn(shop.facilitator, "verify").mockResolvedValue(invalid);
    const gate = gateWhereOneMeans("seen", { used: true }, facilitatorElsewhere({ verify: async () => invalid }));
    expect(await ask(gate, handler(), await pay("/quote"))).toMatchObject({ status: 409 });
    expect(await ask(gate, handler(), await pay("/other"))).toMatchObject({ status: 402 });
  });

  test("is that of no facilitator where a hook said it", async () => {
    const asked: unknown[] = [];
    const refusals: FacilitatorRefusals = (facilitator) => {
      asked.push(facilitator);
      return facilitator === undefined ? new Map([["closed_today", { used: false }]]) : evmRefusals;
    };
    const server = serverOf(shop.facilitator).onBeforeSettle(async () => ({ abort: true, reason: "closed_today" }));
    const gate = shop.gate(undefined, { refusals }, server);
    expect(asked).toEqual([undefined, shop.facilitator]);
    const refused = await ask(gate, handler(), await pay("/quote"));
    expect([refused?.status, required(refused).error, await doubts()]).toEqual([402, "closed_today", 0]);

    const settle = vi.spyOn(shop.facilitator, "settle");
    settle.mockResolvedValue({ ...failed, network, errorReason: "closed_today" });
    const open = shop.gate(undefined, { refusals }, serverOf(shop.facilitator));
    expect(await ask(open, handler(), await pay("/quote"))).toMatchObject({ status: 503 });
    expect(await doubts()).toBe(1);
  });
});

describe("where the SDK does not know which facilitator is for a chain, and so asks one after another", () => {
  const refuses = facilitatorElsewhere({
    settle: async () => ({ ...failed, network, errorReason: "invalid_exact_evm_payload_authorization_valid_before" }),
  });

  function askedInTurn(options: Partial<PaidRoutesOptions>, first: FacilitatorClient, second: FacilitatorClient) {
    const server = Object.assign(serverOf(first, second), { getFacilitatorClient: () => undefined });
    return shop.gate(undefined, { collector: () => "mine", ...options }, server);
  }

  test.each(["serve-then-settle", "settle-then-serve"] as const)(
    "a refusal of the second does not hide what the first may have sent (%s)",
    async (order) => {
      const settle = shop.facilitator.settle.bind(shop.facilitator);
      let moves: (() => Promise<unknown>) | undefined;
      vi.spyOn(shop.facilitator, "settle").mockImplementation((...given) => {
        moves ??= () => settle(...given);
        return Promise.reject(new Error("The reply was lost."));
      });
      const gate = askedInTurn({ order }, shop.facilitator, refuses);
      const [serve, request] = [handler(), await pay("/quote")];
      expect(await ask(gate, serve, request)).toMatchObject({ status: 503 });
      expect(await doubts()).toBe(1);
      await moves?.();
      expect(await ask(gate, serve, request)).toMatchObject({ status: 200 });
      expect([serve.mock.calls.length, transfers()]).toEqual([1, 1]);
    },
  );

  test("the second one's success is the receipt", async () => {
    const lost = facilitatorElsewhere({ settle: () => Promise.reject(new Error("Away.")) });
    const gate = askedInTurn({}, lost, shop.facilitator);
    expect(await ask(gate, handler(), await pay("/quote"))).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });

  test.each([
    ["invalid_exact_evm_payload_authorization_valid_after", 402, 0],
    ["invalid_exact_evm_nonce_already_used", 503, 1],
  ])("refusals of both are a refusal, and %s of the first is %s", async (errorReason, status, inDoubt) => {
    const refused = { ...failed, network, errorReason };
    const error = Object.assign(new Error("Refused."), { ...refused, name: "SettleError", statusCode: 400 });
    vi.spyOn(shop.facilitator, "settle").mockRejectedValue(error);
    const gate = askedInTurn({}, shop.facilitator, refuses);
    expect(await ask(gate, handler(), await pay("/quote"))).toMatchObject({ status });
    expect(await doubts()).toBe(inDoubt);
  });
});

describe("a rejection by a facilitator that the SDK asked because it knows none for the chain", () => {
  const invalid = { isValid: false, invalidReason: "invalid_network" };

  test.each([
    ["one of several is no judgement", 503, [facilitatorElsewhere({ verify: async () => invalid })]],
    ["the only one is believed", 402, []],
  ] as const)("%s: %i", async (_, status, others) => {
    if (others.length === 0) vi.spyOn(shop.facilitator, "verify").mockResolvedValue(invalid);
    const server = Object.assign(serverOf(...others, shop.facilitator), { getFacilitatorClient: () => undefined });
    expect(await ask(shop.gate(undefined, {}, server), handler(), await pay("/quote"))).toMatchObject({ status });
  });
});

describe("a transaction that was named", () => {
  const naming = (digits: string) => ({
    ...{ success: false as const, network, errorReason: "settlement_pending" },
    transaction: `0x${digits.repeat(32)}`,
  });
  const lost = () => new Error("The reply was lost.");

  test.each([
    ["before the reply was lost", [naming("ab")]],
    ["last", [naming("cd"), naming("ab")]],
    ["by an error that is no answer", [Object.assign(lost(), naming("ab"))]],
  ])("%s is the evidence of the doubt", async (_, answers) => {
    const given = [...answers];
    vi.spyOn(shop.facilitator, "settle").mockImplementation(async () => {
      const answer = given.shift() ?? lost();
      if (answer instanceof Error) throw answer;
      return answer;
    });
    const findSettlement = vi.fn(async () => "unknown" as const);
    const gate = shop.gate(undefined, { findSettlement });
    const request = await pay("/quote");
    expect(await ask(gate, handler(), request)).toMatchObject({ status: 503 });
    expect(await ask(gate, handler(), request)).toMatchObject({ status: 503 });
    expect(findSettlement).toHaveBeenLastCalledWith(naming("ab").transaction, expect.anything());
  });
});

test("a server whose method is bound is heard all the same, and refuses nothing by its last word", async () => {
  const transaction = `0x${"ab".repeat(32)}`;
  vi.spyOn(shop.facilitator, "settle")
    .mockResolvedValueOnce({ ...failed, network, errorReason: "settlement_pending", transaction })
    .mockResolvedValue({ ...failed, network, errorReason: "invalid_exact_evm_payload_authorization_valid_before" });
  const server = serverOf(shop.facilitator);
  server.settlePayment = server.settlePayment.bind(server);
  expect(await ask(shop.gate(undefined, {}, server), handler(), await pay("/quote"))).toMatchObject({ status: 503 });
  expect(await doubts()).toBe(1);
});

describe("a success of a facilitator is the receipt", () => {
  const findSettlement = async () => "unknown" as const;

  test.each([
    ["", { transaction: "" }],
    [" of the same transaction", {}],
  ])("although a hook makes another answer%s of it", async (_, more) => {
    const server = serverOf(shop.facilitator).onAfterSettle(async ({ result }) => {
      Object.assign(result, { success: false, errorReason: "invalid_exact_evm_signature", ...more });
    });
    const gate = shop.gate(undefined, { findSettlement }, server);
    const sold = await ask(gate, handler(), await pay("/quote"));
    expect(sold).toMatchObject({ status: 200 });
    expect(decodePaymentResponseHeader(sold?.headers["payment-response"] ?? "")).toMatchObject({ success: true });
    expect(transfers()).toBe(1);
  });

  test("although the server throws after it", async () => {
    class Throwing extends x402ResourceServer {
      override async settlePayment(...given: Parameters<x402ResourceServer["settlePayment"]>): Promise<never> {
        await super.settlePayment(...given);
        throw new Error("Not told on.");
      }
    }
    const server = new Throwing(shop.facilitator).register(network, new ExactEvmScheme());
    const gate = shop.gate(undefined, { findSettlement }, server);
    expect(await ask(gate, handler(), await pay("/quote"))).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });
});

test("a transaction that the second settlement of a doubt names is what the chain is asked about", async () => {
  const transaction = `0x${"ab".repeat(32)}`;
  const pending = { ...failed, network, errorReason: "settlement_pending", transaction };
  vi.spyOn(shop.facilitator, "settle")
    .mockRejectedValueOnce(new Error("The reply was lost."))
    .mockResolvedValue(pending);
  const findSettlement = vi.fn(async () => "unknown" as const);
  const gate = shop.gate(undefined, { findSettlement });
  const request = await pay("/quote");
  await ask(gate, handler(), request);
  expect(await ask(gate, handler(), request)).toMatchObject({ status: 503 });
  expect(findSettlement).toHaveBeenLastCalledWith(transaction, expect.anything());
});

test.each([
  ["a list", ["invalid_exact_evm_signature"]],
  ["a set", new Set(["invalid_exact_evm_signature"])],
  ["reasons without a meaning", new Map([["invalid_exact_evm_signature", true]])],
  ["a function of one", () => ["invalid_exact_evm_signature"]],
  ["a function that knows not every facilitator", (facilitator: unknown) => (facilitator ? undefined : evmRefusals)],
])("%s is no map of refusals, and nothing is sold by it", (_, refusals) => {
  const options: Partial<PaidRoutesOptions> = Object({ refusals });
  expect(() => shop.gate(undefined, options)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});
