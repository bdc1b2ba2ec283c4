// What the configuration asks for today says nothing about a payment that was taken before it changed.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import type { GatewayConfig } from "./gateway-config.ts";
import { askerOf, inProcessGateway } from "./testing/in-process-gateway.ts";

const running = inProcessGateway();
const stranger = "0x1111111111111111111111111111111111111111" as const;
const priced = (price: string) => (config: GatewayConfig) => ({
  ...config,
  routes: config.routes.map((route) => ({ ...route, price })),
});
const changes: [string, (config: GatewayConfig) => GatewayConfig][] = [
  ["the price goes up", priced("$0.02")],
  ["the price goes down", priced("$0.005")],
  ["another is paid", (config) => ({ ...config, payTo: stranger })],
  ["payments may be valid for less long", (config) => ({ ...config, paymentTimeout: 10_000 })],
];

/** A payer's payment at the first configuration, and what its payer is told at another. */
async function paying() {
  const { payer, config, stores, controls } = running();
  const made = await makePayment(payer);
  const headers = { "idempotency-key": "known to the payer", ...paymentHeader(made.payload) };
  const first = await askerOf(config, stores);
  return {
    ...made,
    headers,
    earlier: (path: string) => first(path, headers),
    async today(change: (config: GatewayConfig) => GatewayConfig, path: string) {
      const response = await (await askerOf(change(config), stores))(path, headers);
      return { status: response.status, body: Object(await response.json()) };
    },
    moved: () => [controls.counts().runs, controls.counts().transfers],
  };
}

describe.each(changes)("where %s between two deploys", (_what, change) => {
  test.each(["after", "before"])(
    "a payment in doubt gets its content (its settlement failed %s it moved)",
    async (fail) => {
      const { earlier, today, moved } = await paying();
      await running().controls.fault({ on: "settle", fail, times: 1 });
      expect((await earlier("/quote")).status).toBe(503);
      expect(await today(change, "/quote")).toMatchObject({ status: 200, body: { path: "/quote" } });
      expect(moved()).toEqual([1, 1]);
    },
  );

  test("a payment that was delivered gets what was kept", async () => {
    const { earlier, today, moved } = await paying();
    const body = await (await earlier("/quote")).json();
    expect(await today(change, "/quote")).toEqual({ status: 200, body });
    expect(moved()).toEqual([1, 1]);
  });

  test("a session that is owed is bought, for the payment that was made", async () => {
    const { earlier, today, moved } = await paying();
    await running().controls.fault({ on: "settle", fail: "after", times: 1 });
    expect((await earlier("/search")).status).toBe(503);
    expect(await today(change, "/search")).toMatchObject({ status: 201, body: { quotas: { calls: "3" } } });
    expect(moved()).toEqual([0, 1]);
  });

  test("a payment that died before anything moved is taken up again", async () => {
    const { clock, controls, stores, config, payer } = running();
    const made = await makePayment(payer);
    const headers = paymentHeader(made.payload);
    const { verifications } = stores;
    const dying = { ...verifications, renew: () => new Promise<never>(() => undefined) };
    const lost = (await askerOf(config, { ...stores, verifications: dying }))("/quote", headers);
    lost.catch(() => undefined);
    await expect.poll(() => controls.counts().runs).toBe(1);
    clock.advance(60_000);
    const answer = await (await askerOf(change(config), stores))("/quote", headers);
    expect(answer.status).toBe(200);
    expect(controls.counts()).toMatchObject({ runs: 2, transfers: 1 });
  });

  test("a new payment on the terms of before is refused, and leaves nothing in any store", async () => {
    const { today, moved } = await paying();
    expect((await today(change, "/quote")).status).toBe(402);
    expect(moved()).toEqual([0, 0]);
    expect(await running().stores.verifications.unresolved()[Symbol.asyncIterator]().next()).toMatchObject({
      done: true,
    });
  });
});

test.each([
  ["of another amount", { value: "1" }],
  ["to its own payer", { to: stranger }],
] as const)(
  "a payment %s never gets in under a nonce that is known, not even where that is freed meanwhile",
  async (_what, forgery) => {
    const { config, stores, controls, payer } = running();
    const { verifications } = stores;
    const sly = paymentHeader((await makePayment(payer, forgery)).payload);
    let looks = 0;
    const peek: typeof verifications.peek = async (...call) => {
      looks += 1;
      return looks === 1 ? { status: "in-progress", retryAfterMs: 1_000 } : verifications.peek(...call);
    };
    const ask = await askerOf(config, { ...stores, verifications: { ...verifications, peek } });
    const answer = await ask("/quote", sly);
    expect([answer.status, looks > 1]).toEqual([402, true]);
    expect(controls.counts()).toMatchObject({ runs: 0, transfers: 0 });
  },
);
