// What the gateway answers when its stores do not.

import { loadStores } from "@tollbooth-stores/config";
import type { Stores } from "@tollbooth-stores/core";
import { demoAccount, makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { SessionData } from "./app.ts";
import { gatewayApp } from "./app.ts";
import { logEvents } from "./log.ts";
import { openSales } from "./sales.ts";
import { inProcessGateway, origin } from "./testing/in-process-gateway.ts";
import { logLines } from "./testing/log-lines.ts";

const running = inProcessGateway();
const opened: Stores<SessionData>[] = [];
async function working(): Promise<Stores<SessionData>> {
  const stores = await loadStores<SessionData>({ stores: { provider: "memory" } });
  opened.push(stores);
  return stores;
}
/** Stores that answer nothing any more. */
async function broken(): Promise<Stores<SessionData>> {
  const stores = await working();
  await stores.close();
  return stores;
}
afterEach(async () => {
  for (const stores of opened.splice(0)) await stores.close();
});

const gateway = (stores: Stores<SessionData>) => running().gateway(stores);

async function expectUnavailable(response: Response): Promise<void> {
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(await response.json()).toMatchObject({ error: "store_unavailable" });
}

describe("a gateway whose stores do not answer fails closed", () => {
  test("with rate limits gone: 503 for every client", async () => {
    const ask = await gateway({ ...(await working()), rateLimits: (await broken()).rateLimits });
    await expectUnavailable(await ask("/quote"));
    const { payload } = await makePayment(demoAccount("anyone"));
    await expectUnavailable(await ask("/quote", paymentHeader(payload)));
  });

  test("with verifications gone: 503 to a payment, never 402, which would make a client pay twice", async () => {
    const ask = await gateway({ ...(await working()), verifications: (await broken()).verifications });
    expect((await ask("/quote")).status).toBe(402);
    const { payload } = await makePayment(demoAccount("anyone"));
    await expectUnavailable(await ask("/quote", paymentHeader(payload)));
    await expectUnavailable(await ask("/stream", paymentHeader(payload)));
  });

  test("with sessions gone: 503 to a token, which may well be good", async () => {
    const ask = await gateway({ ...(await working()), sessions: (await broken()).sessions });
    const token = { authorization: `Bearer ${"a".repeat(43)}` };
    await expectUnavailable(await ask("/stream", token));
    await expectUnavailable(await ask("/search", token));
  });

  test("is alive, but not ready, which is one line that says why, and one when it is ready again", async () => {
    const { log, lines } = logLines();
    const stores = await working();
    const away = await broken();
    let isAway = true;
    const check: typeof stores.check = (options) => (isAway ? away : stores).check(options);
    const ask = await running().gateway({ ...stores, check }, log);
    expect((await ask("/healthz")).status).toBe(200);
    const ready = await ask("/readyz");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, checks: { stores: "unwritable" } });
    await ask("/readyz");
    isAway = false;
    expect((await ask("/readyz")).status).toBe(200);
    expect(lines.filter(({ msg }) => msg !== "request")).toEqual([
      { level: "warn", code: "STORE_CLOSED", message: expect.stringContaining("closed"), msg: "not ready" },
      { level: "info", msg: "ready again" },
    ]);
  });

  test("tells in the line of the request why it is 503, and the payment's handle where there is one", async () => {
    const { log, lines } = logLines();
    const end = logEvents(log);
    onTestFinished(end);
    const stores = { ...(await working()), verifications: (await broken()).verifications };
    const ask = await running().gateway(stores, log);
    const { payload } = await makePayment(demoAccount("anyone"));
    await expectUnavailable(await ask("/quote", paymentHeader(payload)));
    expect(lines.find(({ msg }) => msg === "request")).toMatchObject({
      ...{ route: "/quote", status: 503, code: "store_unavailable" },
      payment: expect.stringMatching(/^[\w-]{43}$/),
    });
  });
});

test("a client that goes away in the middle of its body is not told as a failure of ours", async () => {
  const { log, errors } = logLines();
  const { config } = running();
  const stores = await working();
  const app = gatewayApp({
    log,
    config,
    stores,
    sales: openSales(config, stores, origin),
    stopping: () => false,
  });
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("aborted")) });
  // The body is not asked for until a payment of the right amount is there.
  const { payload } = await makePayment(demoAccount("anyone"), { value: "20000" });
  const headers = { "content-length": "9", ...paymentHeader(payload) };
  const env = { incoming: { socket: { remoteAddress: "10.0.0.1", localPort: 4021 } } };
  const init: RequestInit = { method: "POST", headers, body, duplex: "half" };
  const response = await app.request("/order", init, env);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: "body_incomplete" });
  expect(errors()).toEqual([]);
});
