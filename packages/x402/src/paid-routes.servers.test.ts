// Servers as sellers have them: subclasses with private state, shared by gates, sharing clients, and asking their facilitators again.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { describe, expect, test, vi } from "vitest";
import { ask, cent, handler, network, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";
import { evmRefusals, type FacilitatorRefusals } from "./refusals.ts";

const shop = shopForEachTest();

const elsewhere = "eip155:8453" as const;
const failed = { success: false, network, transaction: "" } as const;
const quote = async () => requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));
const transfers = () => shop.controls.counts().transfers;

/** Every method that a gate could call reads what only a real instance of the class has. */
class Private extends x402ResourceServer {
  #calls = 0;
  static {
    for (const name of Object.getOwnPropertyNames(x402ResourceServer.prototype)) {
      const original: unknown = Reflect.get(x402ResourceServer.prototype, name);
      if (name === "constructor" || typeof original !== "function") continue;
      Object.defineProperty(Private.prototype, name, {
        value(this: Private, ...given: unknown[]): unknown {
          this.#calls += 1;
          return Reflect.apply(original, this, given);
        },
      });
    }
  }

  calls(): number {
    return this.#calls;
  }
}

describe("a server with private state", () => {
  const opened = () => new Private(shop.facilitator).register(network, new ExactEvmScheme());

  test("sells", async () => {
    expect(await ask(shop.gate(undefined, {}, opened()), handler(), await quote())).toMatchObject({ status: 200 });
    expect(transfers()).toBe(1);
  });

  test("rejects with the route's terms", async () => {
    vi.spyOn(shop.facilitator, "verify").mockResolvedValue({ isValid: false, invalidReason: "insufficient_funds" });
    const refused = await ask(shop.gate(undefined, {}, opened()), handler(), await quote());
    expect([refused?.status, required(refused).error]).toEqual([402, "insufficient_funds"]);
  });
});

test("two gates of one server each use their own refusals, told of the very client that the seller gave", async () => {
  const [closed, known] = [new Map([["closed", { used: false }]]), vi.fn<FacilitatorRefusals>(() => evmRefusals)];
  const server = shop.server();
  const first = shop.gate(undefined, { refusals: closed }, server);
  const second = shop.gate(cent("/second"), { refusals: known }, server);
  expect(await ask(first, handler(), await quote())).toMatchObject({ status: 200 });
  const { payload } = await makePayment(await shop.controls.payer());
  expect(await ask(second, handler(), requestTo("/second", paymentHeader(payload)))).toMatchObject({ status: 200 });
  expect(new Set(known.mock.calls.map(([client]) => client))).toEqual(new Set([undefined, shop.facilitator]));
  vi.spyOn(shop.facilitator, "settle").mockResolvedValue({ ...failed, errorReason: "closed" });
  expect(await ask(first, handler(), await quote())).toMatchObject({ status: 402 });
});

test("two servers with one client keep their settlements apart", async () => {
  const [one, two] = [shop.gate(undefined, {}, shop.server()), shop.gate(undefined, {}, shop.server())];
  const settle = shop.facilitator.settle.bind(shop.facilitator);
  vi.spyOn(shop.facilitator, "settle")
    .mockResolvedValueOnce({ ...failed, errorReason: "invalid_exact_evm_insufficient_balance" })
    .mockImplementation(settle);
  const both = await Promise.all([ask(one, handler(), await quote()), ask(two, handler(), await quote())]);
  expect(both.map((answer) => answer?.status).sort()).toEqual([200, 402]);
  expect(transfers()).toBe(1);
});

test("a settlement that a hook makes of another payment says nothing of this one", async () => {
  const server = shop.server();
  const { payload } = await makePayment(await shop.controls.payer());
  let isFirst = true;
  server.onBeforeSettle(async ({ requirements }) => {
    if (!isFirst) return;
    isFirst = false;
    await server.settlePayment(Object(payload), requirements);
    vi.spyOn(shop.facilitator, "settle").mockRejectedValue(new Error("The reply was lost."));
  });
  const findSettlement = async () => "unknown" as const;
  const gate = shop.gate(undefined, { findSettlement }, server);
  expect(await ask(gate, handler(), await quote())).toMatchObject({ status: 503 });
  expect(transfers()).toBe(1);
});

test("a refusal of a facilitator that only the server itself knows is not taken for a hook's", async () => {
  class Own extends x402ResourceServer {
    override async settlePayment(...[payload, requirements]: Parameters<x402ResourceServer["settlePayment"]>) {
      await this.verifyPayment(payload, requirements);
      return { ...failed, errorReason: "invalid_exact_evm_insufficient_balance" };
    }
  }
  const server = new Own(shop.facilitator).register(network, new ExactEvmScheme());
  expect(await ask(shop.gate(undefined, {}, server), handler(), await quote())).toMatchObject({ status: 503 });
});

test("the planner's server takes settings and tells them as the seller's own does", () => {
  const server = shop.server();
  const planning = shop.gate(undefined, {}, server).http.server;
  const verifyPayment = vi.fn(server.verifyPayment);
  planning.verifyPayment = verifyPayment;
  expect([server.verifyPayment, "facilitatorClients" in planning, "nothing" in planning]).toEqual([
    verifyPayment,
    true,
    false,
  ]);
});

test("the planner's server plans without verify and settle: it answers valid, and the flow authorization", async () => {
  const server = shop.server();
  const { http, initialize } = shop.gate(undefined, {}, server);
  await initialize();
  // The seller's own would settle first.
  const flow = vi.spyOn(server, "getPaymentFlow").mockReturnValue("upfront");
  const ofServer = [flow, vi.spyOn(server, "verifyPayment"), vi.spyOn(server, "settlePayment")];
  const ofFacilitator = [vi.spyOn(shop.facilitator, "verify"), vi.spyOn(shop.facilitator, "settle")];
  const { payload } = await makePayment(await shop.controls.payer());
  const planned = await http.processHTTPRequest(requestTo("/quote", paymentHeader(payload)));
  if (planned.type !== "payment-verified") throw new Error(`The payment was planned as ${planned.type}.`);
  const { paymentPayload, paymentRequirements } = planned;
  expect(http.server.getPaymentFlow(paymentPayload, paymentRequirements)).toBe("authorization");
  expect(await http.server.verifyPayment(paymentPayload, paymentRequirements)).toEqual({ isValid: true });
  for (const method of [...ofServer, ...ofFacilitator]) expect(method).not.toHaveBeenCalled();
});

test("a server whose facilitators could not be heard sells nothing", () => {
  const server = Object.assign(shop.server(), { getFacilitatorClient: undefined });
  expect(() => shop.gate(undefined, {}, server)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});

describe("while the server's own initialize asks the facilitators again", () => {
  const rejecting: FacilitatorClient = {
    getSupported: async () => ({
      kinds: [{ x402Version: 2, scheme: "exact", network: elsewhere }],
      extensions: [],
      signers: {},
    }),
    verify: async () => ({ isValid: false, invalidReason: "invalid_network" }),
    settle: async () => ({ ...failed, errorReason: "invalid_exact_evm_network_mismatch" }),
  };

  /** The SDK has forgotten every facilitator until the returned function is called. */
  function asking(server: x402ResourceServer): () => Promise<void> {
    const { getSupported } = rejecting;
    let goOn: () => void = () => undefined;
    vi.spyOn(rejecting, "getSupported").mockImplementationOnce(async () => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return getSupported();
    });
    const asked = server.initialize();
    return () => {
      goOn();
      return asked;
    };
  }

  const serverOfTwo = () =>
    new x402ResourceServer([rejecting, shop.facilitator]).register(network, new ExactEvmScheme());

  test("the extensions of a facilitator are those that it named before", async () => {
    const { getSupported } = shop.facilitator;
    vi.spyOn(shop.facilitator, "getSupported").mockImplementation(async () => ({
      ...(await getSupported.call(shop.facilitator)),
      extensions: ["bazaar"],
    }));
    const server = serverOfTwo();
    await shop.gate(undefined, {}, server).initialize();
    const extensions = () => server.getFacilitatorExtensions(2, network, "exact");
    expect(extensions()).toEqual(["bazaar"]);
    const asked = asking(server);
    expect(extensions()).toEqual(["bazaar"]);
    await asked();
  });

  test("prices are told and payments are sold as before", async () => {
    const server = serverOfTwo();
    const gate = shop.gate(undefined, {}, server);
    await gate.initialize();
    const learn = asking(server);
    expect(await ask(gate, handler(), requestTo("/quote"))).toMatchObject({ status: 402 });
    expect(await ask(gate, handler(), await quote())).toMatchObject({ status: 200 });
    await learn();
    expect(await ask(gate, handler(), await quote())).toMatchObject({ status: 200 });
  });

  test("what is supported no more is not sold any more once all have answered", async () => {
    const server = serverOfTwo();
    const gate = shop.gate(undefined, {}, server);
    await gate.initialize();
    const supported = vi.spyOn(shop.facilitator, "getSupported").mockRejectedValueOnce(new Error("Away."));
    await server.initialize();
    expect(await ask(gate, handler(), requestTo("/quote"))).toMatchObject({ status: 402 });
    supported.mockImplementation(() => rejecting.getSupported());
    await server.initialize();
    await expect(ask(gate, handler(), requestTo("/quote"))).rejects.toThrow("eip155:84532");
  });

  test("the rejection of a facilitator for another chain is not believed", async () => {
    const server = serverOfTwo();
    let learn: (() => Promise<void>) | undefined;
    server.onBeforeVerify(async () => {
      learn ??= asking(server);
    });
    expect(await ask(shop.gate(undefined, {}, server), handler(), await quote())).toMatchObject({ status: 200 });
    await learn?.();
  });
});
