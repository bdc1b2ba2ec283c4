// A session that was paid for and never told: whatever happened in between, its payer gets all of it, once.
import { StoreError, type Stores } from "@tollbooth-stores/core";
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import type { SessionData } from "./app.ts";
import { gatewayApp } from "./app.ts";
import { gatewayLog } from "./log.ts";
import { openSales } from "./sales.ts";
import { askerOf, inProcessGateway, origin } from "./testing/in-process-gateway.ts";

// As where instances share their stores: all of them issue the same token for a payment.
const running = inProcessGateway(testConfig);
const payment = async () => paymentHeader((await makePayment(running().payer)).payload);

/** Whether a credit goes to the mark, which says what a payment is for. It buys nothing. */
const isForMark = ([, { opId }]: Parameters<Stores["sessions"]["credit"]>) => /^(begin|lost|done)/.test(opId);

/** Stores of a process that dies once it has credited, before it has recorded any delivery. */
function dying(stores: Stores<SessionData>): { credited: Promise<void>; stores: Stores<SessionData> } {
  const { sessions, verifications } = stores;
  const never = new Promise<never>(() => undefined);
  let dead = false;
  let died: () => void = () => undefined;
  const credited = new Promise<void>((resolve) => {
    died = resolve;
  });
  const credit: typeof sessions.credit = async (...call) => {
    const reply = await sessions.credit(...call);
    // A replay is not its last act: it goes on to buy anew.
    if (isForMark(call) || reply.status !== "ok" || reply.replayed) return reply;
    dead = true;
    died();
    return never;
  };
  const settle: typeof verifications.settle = (...call) => (dead ? never : verifications.settle(...call));
  const renew: typeof verifications.renew = (...call) => (dead ? never : verifications.renew(...call));
  return {
    credited,
    stores: { ...stores, sessions: { ...sessions, credit }, verifications: { ...verifications, settle, renew } },
  };
}

async function dieBuying(path: string, headers: Record<string, string>): Promise<void> {
  const { config, stores, clock } = running();
  const death = dying(stores);
  void (await askerOf(config, death.stores))(path, headers).catch(() => undefined);
  await death.credited;
  clock.advance(60_000);
}

describe("a session whose instance died after the credit, before any client was told", () => {
  test.each([
    ["while its time runs", 0],
    ["after its time was over", 600_000],
    ["a month later", 29 * 86_400_000],
  ])("has its whole time when its payer returns %s", async (_when, later) => {
    const { clock, controls, gateway } = running();
    const headers = await payment();
    await dieBuying("/stream", headers);
    clock.advance(later);
    const ask = await gateway();
    const response = await ask("/stream", headers);
    expect(response.status).toBe(201);
    const { session, expiresAt } = Object(await response.json());
    expect(Date.parse(expiresAt)).toBe(clock.now() + 600_000);
    const use = { authorization: `Bearer ${session}` };
    clock.advance(599_999);
    expect((await ask("/stream", use)).status).toBe(200);
    clock.advance(1);
    expect((await ask("/stream", use)).status).toBe(402);
    expect((await ask("/stream", headers)).status).toBe(409);
    expect(controls.counts().transfers).toBe(1);
  });

  test("holds what was bought once, however many instances died over it", async () => {
    const { clock, gateway } = running();
    const headers = await payment();
    for (let death = 0; death < 3; death += 1) {
      await dieBuying("/search", headers);
      clock.advance(death * 43_200_000);
    }
    const ask = await gateway();
    const response = await ask("/search", headers);
    expect(response.status).toBe(201);
    const { session, quotas } = Object(await response.json());
    expect(quotas).toEqual({ calls: "3" });
    const uses = Array.from(
      { length: 5 },
      async () => (await ask("/search", { authorization: `Bearer ${session}` })).status,
    );
    expect((await Promise.all(uses)).sort()).toEqual([200, 200, 200, 402, 402]);
  });

  test("is not thrown away by an attempt that stood still while another told it", async () => {
    const { stores, config, clock, gateway } = running();
    const { sessions } = stores;
    const headers = await payment();
    await dieBuying("/stream", headers);
    let goOn: () => void = () => undefined;
    let waits: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      waits = resolve;
    });
    const credit: typeof sessions.credit = async (...call) => {
      const reply = await sessions.credit(...call);
      await new Promise<void>((resolve) => {
        goOn = resolve;
        waits();
      });
      return reply;
    };
    const stalled = (await askerOf(config, { ...stores, sessions: { ...sessions, credit } }))("/stream", headers);
    await waiting;
    clock.advance(60_000);
    const ask = await gateway();
    const { session } = Object(await (await ask("/stream", headers)).json());
    clock.advance(300_000);
    goOn();
    expect((await stalled).status).toBe(503);
    clock.advance(299_999);
    const use = () => ask("/stream", { authorization: `Bearer ${session}` });
    expect((await use()).status).toBe(200);
    clock.advance(1);
    expect((await use()).status).toBe(402);
  });

  test("and that was prolonged has been so once", async () => {
    const { clock, gateway } = running();
    const ask = await gateway();
    const { session, expiresAt } = Object(await (await ask("/stream", await payment())).json());
    const headers = { authorization: `Bearer ${session}`, ...(await payment()) };
    await dieBuying("/stream", headers);
    clock.advance(300_000);
    const prolonged = await ask("/stream", headers);
    expect(prolonged.status).toBe(201);
    expect(await prolonged.json()).toEqual({
      session,
      expiresAt: new Date(Date.parse(expiresAt) + 600_000).toISOString(),
      quotas: {},
    });
  });
});

describe("a session whose buyer left while it was credited", () => {
  /** Buys, and leaves as soon as the credit is made. */
  async function leave(headers: Record<string, string>): Promise<void> {
    const { stores, config } = running();
    const { sessions } = stores;
    const leaving = new AbortController();
    const credit: typeof sessions.credit = async (...call) => {
      const reply = await sessions.credit(...call);
      if (!isForMark(call)) leaving.abort();
      return reply;
    };
    const app = gatewayApp({
      log: gatewayLog("silent"),
      ...{ config, stopping: () => false, sales: openSales(config, stores, origin) },
      stores: { ...stores, sessions: { ...sessions, credit } },
    });
    const env = { incoming: { socket: { remoteAddress: "10.0.0.1", localPort: 4021 } } };
    const { signal } = leaving;
    await Promise.resolve(app.request("/stream", { headers, signal }, env)).catch(() => undefined);
  }

  test("has its whole time when its buyer returns after it was over", async () => {
    const { clock, gateway, controls } = running();
    const headers = await payment();
    await leave(headers);
    clock.advance(900_000);
    const response = await (await gateway())("/stream", headers);
    expect(response.status).toBe(201);
    expect(Date.parse(Object(await response.json()).expiresAt)).toBe(clock.now() + 600_000);
    expect(controls.counts().transfers).toBe(1);
  });
});

test("a duplicate is not told of a session that is over as if it had bought one", async () => {
  const { clock, gateway } = running();
  const sold = running().config.routes.map((route) => ({
    ...route,
    ...(route.kind === "time-window" && { window: 3_000 }),
  }));
  const ask = await askerOf({ ...running().config, routes: sold }, running().stores);
  const headers = { ...(await payment()), "idempotency-key": "mine" };
  expect((await ask("/stream", headers)).status).toBe(201);
  clock.advance(2_999);
  expect((await (await gateway())("/stream", headers)).status).toBe(200);
  clock.advance(1);
  expect((await (await gateway())("/stream", headers)).status).toBe(409);
});

test("a duplicate is 503 while its session cannot be read, never told that the payment was used", async () => {
  const { stores, gateway } = running();
  const headers = { ...(await payment()), "idempotency-key": "mine" };
  const bought = await (await (await gateway())("/stream", headers)).json();
  const get: typeof stores.sessions.get = async () => {
    throw new StoreError("STORE_UNAVAILABLE", "Away.", { outcome: "not-applied" });
  };
  const away = await gateway({ ...stores, sessions: { ...stores.sessions, get } });
  expect((await away("/stream", headers)).status).toBe(503);
  const again = await (await gateway())("/stream", headers);
  expect([again.status, await again.json()]).toEqual([200, bought]);
});
