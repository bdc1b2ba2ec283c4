// Gates of different networks on one store, as while a release changes the network: each ends only payments that its lookup can see.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { ask, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();
const other = "eip155:8453" as const;

/** Knows the other network alone, and refuses whatever it is asked. */
const facilitator: FacilitatorClient = {
  getSupported: async () => ({
    kinds: [{ x402Version: 2, scheme: "exact", network: other }],
    extensions: [],
    signers: {},
  }),
  verify: async () => ({ isValid: false, invalidReason: "invalid_exact_evm_network_mismatch" }),
  settle: async () => ({
    success: false,
    network: other,
    transaction: "",
    errorReason: "invalid_exact_evm_network_mismatch",
  }),
};

/** A gate that sells the same on the other network. Its lookup takes what it does not see for what never moved. */
function gateOfOther(schemesOn: `eip155:${string}`) {
  const lookup = vi.fn(async () => ({ none: "expired" }) as const);
  const server = new x402ResourceServer(facilitator).register(schemesOn, new ExactEvmScheme());
  const routes = { "GET /quote": { accepts: { ...oneCent, network: other } } };
  return { lookup, gate: shop.gate(routes, { findSettlement: lookup }, server) };
}

const payment = async () =>
  requestTo("/quote", paymentHeader((await makePayment(await shop.controls.payer())).payload));

test.each([other, "eip155:*"] as const)(
  "a payment in doubt waits for a gate of its network: the others, with schemes for %s, end it neither at a retry nor by reconcile",
  async (schemesOn) => {
    const { lookup, gate: gateElsewhere } = gateOfOther(schemesOn);
    const settle = vi.spyOn(facilitator, "settle");
    onTestFinished(() => settle.mockRestore());
    const gate = shop.gate();
    await shop.controls.fault({ on: "settle", fail: "after", times: 1 });
    const request = await payment();
    expect((await ask(gate, handler(), request))?.status).toBe(503);
    expect(await ask(gateElsewhere, handler(), request)).toMatchObject({ status: 503, error: "settlement_pending" });
    expect(await gateElsewhere.reconcile()).toMatchObject({ inDoubt: 1, expired: 0 });
    expect(lookup).not.toHaveBeenCalled();
    // A server without a scheme for it does not settle it again either, by a facilitator of another network.
    expect(settle).toHaveBeenCalledTimes(schemesOn === other ? 0 : 1);
    shop.clock.advance(1_000);
    expect((await ask(gate, handler(), request))?.status).toBe(200);
    expect(shop.controls.counts().transfers).toBe(1);
  },
);

test("a payment of another network that is rejected or refused is not ended by a lookup that cannot see it", async () => {
  const { lookup, gate: gateElsewhere } = gateOfOther("eip155:*");
  const gate = shop.gate();
  const leaving = new AbortController();
  const request = await payment();
  const hanging = handler(() => new Promise(() => leaving.abort(new Error("The instance is gone."))));
  void ask(gate, hanging, request).catch(() => undefined);
  await vi.waitFor(() => expect(hanging).toHaveBeenCalled());
  // That instance renews its lease no more.
  shop.clock.advance(10_001);
  expect((await ask(gateElsewhere, handler(), request))?.status).toBe(402);
  expect(lookup).not.toHaveBeenCalled();
});
