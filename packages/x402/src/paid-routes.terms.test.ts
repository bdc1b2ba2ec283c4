// Terms that can never be paid: said when the gate is made or initialized, by route and option, not at a payment.

import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import type { PaymentOption } from "@x402/core/http";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { describe, expect, test, vi } from "vitest";
import { ask, handler, network, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();
const selling = (terms: object) => {
  const accepts: PaymentOption = Object({ ...oneCent, ...terms });
  return shop.gate({ "GET /fine": { accepts: oneCent }, "GET /quote": { accepts: [oneCent, accepts] } });
};
const names = (option: string) =>
  expect.objectContaining({
    code: "STORE_CONFIG",
    message: expect.stringContaining(`"GET /quote" (exact on eip155:84532): ${option} `),
  });

const asset = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
/** Its last digit should be C. */
const mistyped = "0x209693Bc6afc0C5328bA36FaF03C514EF312287D";

test.each([
  ["payTo", ""],
  ["payTo", "0x123"],
  ["payTo", "seller.eth"],
  ["payTo", `0x${"0".repeat(40)}`],
  ["payTo", mistyped],
  ["payTo", undefined],
  ["payTo", 5],
  ["maxTimeoutSeconds", -1],
  ["maxTimeoutSeconds", "60"],
  ["maxTimeoutSeconds", 31 * 86_400 + 1],
])("%s of %j is no gate", (option, value) => {
  expect(() => selling({ [option]: value })).toThrow(names(option));
});

test.each(["", "$0.0000001", "one cent", "$abc", "-1", "0.01 NONE", Number.NaN, undefined, null])(
  "a price of %j fails initialize, and every request as that",
  async (price) => {
    const gate = selling({ price });
    await expect(gate.initialize()).rejects.toEqual(names("price"));
    await expect(ask(gate, handler(), requestTo("/fine"))).rejects.toEqual(names("price"));
  },
);

test.each([
  "GTE /quote",
  "GET quote",
  "quote",
  "GET https://api.example/quote",
  "GET,POST /quote",
  "GET /quote/",
  "GET /a /b",
  "GET /quote?model=small",
  "/quote?",
  "GET /quote#top",
])("a route of the key %j matches no request, and is no gate", (pattern) => {
  expect(() => shop.gate({ [pattern]: { accepts: oneCent } })).toThrow(
    expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(`"${pattern}": `) }),
  );
});

test.each([{}, { "GET /quote": { accepts: [] } }])("routes that sell nothing are no gate: %j", (routes) => {
  expect(() => shop.gate(routes)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});

test.each(["*", "/", "/quote", "* /a/*", "get /a/[id]", "DELETE /:id", "GET */b"])(
  "a route of the key %j is sold",
  (pattern) => {
    shop.gate({ [pattern]: { accepts: oneCent } });
  },
);

test.each([
  { asset, amount: "1.5" },
  { asset, amount: "abc" },
  { asset, amount: 5 },
  { asset, amount: "-1" },
  { asset: "0x123", amount: "5" },
  { asset: "", amount: "5" },
])("a price of %j fails initialize", async (price) => {
  await expect(selling({ price }).initialize()).rejects.toEqual(names("price"));
});

test("an address of EVM in one case has no checksum, and one of Solana neither", () => {
  for (const payTo of [mistyped.toLowerCase(), `0x${mistyped.slice(2).toUpperCase()}`]) selling({ payTo });
  const solana = {
    ...oneCent,
    network: "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",
    payTo: "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin",
  } as const;
  shop.gate({ "GET /quote": { accepts: solana } });
  const zero = { ...solana, payTo: "1".repeat(32) };
  expect(() => shop.gate({ "GET /quote": { accepts: zero } })).toThrow("zero address");
});

describe("terms that a function tells of a request", () => {
  const zero = `0x${"0".repeat(40)}`;
  const told: [string, unknown][] = [
    ...["", "0x123", "seller.eth", zero, mistyped, undefined, 5].map((payTo): [string, unknown] => ["payTo", payTo]),
    ...[
      "$0.0000001",
      { asset, amount: "1.5" },
      { asset: "0x123", amount: "5" },
      undefined,
      null,
      5n,
      { amount: 5 },
    ].map((price): [string, unknown] => ["price", price]),
  ];

  test.each(told)("%s of %o is an error, and no payment at it is verified", async (option, value) => {
    const accepts: PaymentOption = Object({ ...oneCent, [option]: async () => value });
    const gate = shop.gate({ "GET /quote": { accepts: [oneCent, accepts] } });
    await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toEqual(names(option));
    const { payload } = await makePayment(await shop.controls.payer());
    const serve = handler();
    await expect(ask(gate, serve, requestTo("/quote", paymentHeader(payload)))).rejects.toEqual(names(option));
    expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
  });

  test("that round to nothing beside a price in an asset are refused", async () => {
    const accepts: PaymentOption[] = [
      { ...oneCent, price: { asset, amount: "10000" } },
      { ...oneCent, price: () => "$0.0000001" },
    ];
    const gate = shop.gate({ "GET /quote": { accepts } });
    await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toThrow("it would be free");
  });

  test("that are free beside others that are not are sold", async () => {
    for (const price of ["$0", () => "$0"]) {
      const accepts: PaymentOption[] = [
        { ...oneCent, price: () => "$0.01" },
        { ...oneCent, price },
      ];
      const answer = await ask(shop.gate({ "GET /quote": { accepts } }), handler(), requestTo("/quote"));
      expect(required(answer).accepts.map(({ amount }) => amount)).toEqual(["10000", "0"]);
    }
  });

  test("that are free, or in another case, are sold", async () => {
    const lower = oneCent.payTo.toString().toLowerCase();
    for (const price of ["$0", "0", { asset, amount: "0" }, 0]) {
      const accepts: PaymentOption = { ...oneCent, price: () => price, payTo: () => lower };
      expect(await ask(shop.gate({ "GET /quote": { accepts } }), handler(), requestTo("/quote"))).toMatchObject({
        status: 402,
      });
    }
  });
});

test("terms that a function tells at each request are no mistake of the gate, and 0 seconds are the SDK's default", async () => {
  const [payTo, price] = [() => "", () => "$abc"];
  await selling({ payTo, price, maxTimeoutSeconds: 0 }).initialize();
});

test("a payment is never answered with a mistake of the gate: it may have been charged by another instance", async () => {
  let isAway = false;
  const scheme = new ExactEvmScheme().registerMoneyParser(async () => {
    if (isAway) throw new Error("Away.");
    return null;
  });
  const gate = shop.gate(undefined, {}, new x402ResourceServer(shop.facilitator).register(network, scheme));
  const [accepted] = required(await ask(shop.gate(), handler(), requestTo("/quote"))).accepts;
  const { payload } = await makePayment(await shop.controls.payer());
  const paying = requestTo("/quote", paymentHeader({ ...payload, accepted }));
  isAway = true;
  await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toEqual(names("price"));
  expect(await ask(gate, handler(), paying)).toMatchObject({ status: 503 });
  isAway = false;
  expect(await ask(gate, handler(), paying)).toMatchObject({ status: 200 });
});

test("a facilitator that does not answer at the start holds no request for good, and is asked again", async () => {
  const getSupported = vi.fn(() => shop.facilitator.getSupported()).mockReturnValueOnce(new Promise(() => undefined));
  const facilitator: FacilitatorClient = {
    getSupported,
    verify: (...given) => shop.facilitator.verify(...given),
    settle: (...given) => shop.facilitator.settle(...given),
  };
  const server = new x402ResourceServer(facilitator).register(network, new ExactEvmScheme());
  const gate = shop.gate(undefined, { leaseMs: "50ms" }, server);
  expect(await ask(gate, handler(), requestTo("/quote"))).toMatchObject({ status: 503 });
  expect(await ask(gate, handler(), requestTo("/quote"))).toMatchObject({ status: 402 });
  expect(getSupported).toHaveBeenCalledTimes(2);
});

describe("where no facilitator supports what a route asks for", () => {
  const kinds = [{ x402Version: 2, scheme: "exact", network: "eip155:8453" as const }];
  const others: FacilitatorClient = {
    getSupported: async () => ({ kinds, extensions: [], signers: {} }),
    verify: () => Promise.reject(new Error("Not asked.")),
    settle: () => Promise.reject(new Error("Not asked.")),
  };
  const gateOf = (...facilitators: FacilitatorClient[]) =>
    shop.gate(undefined, {}, new x402ResourceServer(facilitators).register(network, new ExactEvmScheme()));

  test("and all have said so, a request throws what is wrong, until one supports it", async () => {
    const facilitator = { ...others };
    const gate = gateOf(facilitator);
    await expect(gate.initialize()).rejects.toThrow(/"GET \/quote".*eip155:84532/);
    await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toThrow(/"GET \/quote".*eip155:84532/);
    facilitator.getSupported = () => shop.facilitator.getSupported();
    expect(await ask(gate, handler(), requestTo("/quote"))).toMatchObject({ status: 402 });
  });

  test("and one is away or answers nonsense, it is 503: that one may", async () => {
    const away = { ...others, getSupported: () => Promise.reject(new Error("Away.")) };
    const odd = { ...others, getSupported: async () => Object({ kinds: "all" }) };
    for (const other of [away, odd]) {
      expect(await ask(gateOf(others, other), handler(), requestTo("/quote"))).toMatchObject({ status: 503 });
    }
  });
});
