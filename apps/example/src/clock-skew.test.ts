// Instances whose clocks are wrong: the chain's own clock says whether a payment can still settle.
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openSales } from "./sales.ts";
import { inProcessGateway, origin } from "./testing/in-process-gateway.ts";
import { told } from "./testing/told.ts";

const running = inProcessGateway(
  testConfig.replace('FACILITATOR_URL}", timeout: 5s', 'FACILITATOR_URL}", timeout: 500ms'),
);
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** From now on this instance's clock is ahead of the chain's, which stays right. */
function instanceAhead(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1_000);
  running().chainClock.aheadSeconds -= seconds;
}

async function sender() {
  const { gateway, payer } = running();
  const ask = await gateway();
  const headers = paymentHeader((await makePayment(payer)).payload);
  return async () => {
    const response = await ask("/quote", headers);
    const body: unknown = await response.clone().json();
    const [status, error] = await told(response);
    return { status, body: { ...Object(body), ...(error !== undefined && { error }) } };
  };
}

test("an instance ten minutes ahead ends no payment whose settlement is on its way", async () => {
  const { controls, config, stores, clock } = running();
  const send = await sender();
  await controls.fault({ on: "settle", delayMs: 3_000, times: 1 });
  expect(await send()).toMatchObject({ status: 503, body: { error: "settlement_pending" } });
  instanceAhead(600);
  expect(await send()).toMatchObject({ status: 503, body: { error: "settlement_pending" } });
  const { requests } = openSales(config, stores, origin);
  expect(await requests.reconcile()).toMatchObject({ inDoubt: 1, expired: 0 });
  expect(controls.counts().transfers).toBe(0);

  instanceAhead(-600);
  await expect.poll(() => controls.counts().transfers, { timeout: 10_000 }).toBe(1);
  clock.advance(1_000);
  expect(await send()).toMatchObject({ status: 200, body: { path: "/quote" } });
  expect(controls.counts()).toMatchObject({ runs: 1, transfers: 1 });
});

test("an instance ten minutes behind ends a payment that can never settle, and no other", async () => {
  const { controls, chainClock, clock } = running();
  const send = await sender();
  await controls.fault({ on: "settle", fail: "before" });
  expect((await send()).status).toBe(503);
  // Its time was 100 s.
  chainClock.aheadSeconds = 98;
  instanceAhead(-600);
  clock.advance(10_000);
  expect(await send()).toMatchObject({ status: 503, body: { error: "settlement_pending" } });
  chainClock.aheadSeconds += 4;
  clock.advance(1_000);
  expect(await send()).toMatchObject({ status: 402, body: { error: "expired" } });
  expect(controls.counts().transfers).toBe(0);
});
