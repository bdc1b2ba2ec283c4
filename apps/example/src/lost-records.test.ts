// A store that has forgotten what it knew, as a restarted memory has: the chain has not, and is asked before any payer pays again.
import { resolvePayment, type Stores } from "@tollbooth-stores/core";
import { makePayment, paymentHeader, payTo, simulatedChain } from "@tollbooth-stores/sandbox";
import { identifyPayment } from "@tollbooth-stores/x402";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SessionData } from "./app.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { askerOf, inProcessGateway } from "./testing/in-process-gateway.ts";
import { newStores } from "./testing/stores-under-test.ts";
import { told } from "./testing/told.ts";

const running = inProcessGateway();
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const stranger = "0x1111111111111111111111111111111111111111" as const;
const later = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1_000);
const after = (seconds: number) => (config: GatewayConfig) => {
  later(seconds);
  return config;
};
const whatChanges: [string, (config: GatewayConfig) => GatewayConfig][] = [
  ["nothing", (config) => config],
  ["the time, beyond its end", after(101)],
  ["the time, far beyond its end", after(86_400)],
  ["the price", (config) => ({ ...config, routes: config.routes.map((route) => ({ ...route, price: "$0.02" })) })],
  ["who is paid", (config) => ({ ...config, payTo: stranger })],
  ["how long a payment may be valid", (config) => ({ ...config, paymentTimeout: 10_000 })],
];

/** A gateway that knows nothing of before. */
async function restarted(
  config = running().config,
): Promise<{ ask: Awaited<ReturnType<typeof askerOf>>; stores: Stores<SessionData> }> {
  const stores = newStores(running().clock);
  return { ask: await askerOf(config, stores), stores };
}

/** What every payment here was signed for. */
const requirements = {
  ...{ scheme: "exact", network: simulatedChain.network, asset: simulatedChain.token.address },
  ...{ amount: "10000", payTo, maxTimeoutSeconds: 120 },
};

describe.each(whatChanges)(
  "a payment of which no store knows any more, where what has changed is %s",
  (_what, change) => {
    test("is 409 where it has moved, never 402", async () => {
      const { payer, config, controls, gateway } = running();
      const headers = paymentHeader((await makePayment(payer)).payload);
      expect((await (await gateway())("/quote", headers)).status).toBe(200);
      const { ask, stores } = await restarted(change(config));
      for (let time = 0; time < 2; time += 1) {
        expect(await told(await ask("/quote", headers))).toEqual([409, "payment_already_used"]);
      }
      expect(controls.counts()).toMatchObject({ runs: 1, transfers: 1 });
      await stores.close();
    });

    test("is collected once a person has put down its receipt", async () => {
      const { payer, config, controls, gateway } = running();
      const made = await makePayment(payer);
      const headers = paymentHeader(made.payload);
      expect((await (await gateway())("/quote", headers)).status).toBe(200);
      const identity = identifyPayment(made.payload.payload, requirements);
      if (identity.status !== "identified") throw new Error(identity.message);
      const { ask, stores } = await restarted(change(config));
      const receipt = `0x${"ab".repeat(32)}`;
      expect(await resolvePayment(stores.verifications, { key: identity.key }, { receipt })).toEqual({
        status: "ok",
      });
      expect((await ask("/quote", headers)).status).toBe(200);
      expect((await ask("/quote", headers)).status).toBe(409);
      expect(controls.counts()).toMatchObject({ runs: 2, transfers: 1 });
      await stores.close();
    });
  },
);

describe("a payment of which no store ever knew", () => {
  test("that was signed for another address, as another region has, is 402, and nothing is made for it", async () => {
    const { payer, config, controls } = running();
    const { ask, stores } = await restarted({ ...config, payTo: stranger });
    const headers = paymentHeader((await makePayment(payer)).payload);
    expect((await ask("/quote", headers)).status).toBe(402);
    expect(controls.counts()).toEqual({ verifies: 0, runs: 0, transfers: 0 });
    await stores.close();
  });

  test("is 402 once it is over and the chain has not seen it", async () => {
    const { payer, gateway } = running();
    const headers = paymentHeader((await makePayment(payer)).payload);
    later(102);
    expect(await told(await (await gateway())("/quote", headers))).toEqual([
      402,
      "invalid_exact_evm_payload_authorization_valid_before",
    ]);
  });

  test("is 503 while the chain cannot be asked whether it has moved", async () => {
    const { payer, gateway, controls } = running();
    const headers = paymentHeader((await makePayment(payer, { value: "1" })).payload);
    const ask = await gateway();
    await controls.fault({ on: "lookup", fail: "before", times: 1 });
    expect(await told(await ask("/quote", headers))).toEqual([503, "lookup_unavailable"]);
    expect(await told(await ask("/quote", headers))).toEqual([402, "No matching payment requirements"]);
  });

  test("is 503 where it is over by this instance's clock alone", async () => {
    const { payer, gateway, chainClock } = running();
    const headers = paymentHeader((await makePayment(payer)).payload);
    later(600);
    chainClock.aheadSeconds = -600;
    expect(await told(await (await gateway())("/quote", headers))).toEqual([503, "settlement_pending"]);
  });
});
