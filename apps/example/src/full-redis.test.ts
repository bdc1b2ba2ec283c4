// A Redis at maxmemory that holds payments and limits: new payments are refused, admitted ones are delivered.
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { makePayment, paymentHeader, sandboxControls, testConfig } from "@tollbooth-stores/sandbox";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ServedGateway, serveGateway } from "./testing/serve-gateway.ts";
import { type InProcessSandbox, startSandbox } from "./testing/start-sandbox.ts";

describe.each(["ioredis", "redis"])("on a full Redis, by %s,", (provider) => {
  let redis: RunningRedis;
  let sandbox: InProcessSandbox;
  let gateway: ServedGateway;
  const controls = sandboxControls(() => sandbox);
  beforeAll(async () => {
    redis = await startRedis();
    sandbox = await startSandbox();
    const config = testConfig.replace(
      "{ provider: memory }",
      `{ provider: ${provider}, ${provider}: { url: "${redis.url}", commandTimeoutMs: 5000 }, rateLimits: { onUnavailable: memory } }`,
    );
    gateway = await serveGateway(config, sandbox.env);
  });
  afterEach(async () => {
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    await controls.reset();
  });
  afterAll(async () => {
    await gateway.stop();
    await sandbox.stop();
    await redis.stop();
  });

  const fill = async () => {
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    await expect(redis.command("SET", "anything", "x")).rejects.toThrow(/OOM/);
  };
  const payment = async () => {
    const headers = {
      "idempotency-key": "mine",
      ...paymentHeader((await makePayment(await controls.payer())).payload),
    };
    return async (path: string) => {
      const response = await fetch(gateway.url + path, { headers });
      return { status: response.status, body: Object(await response.json()) };
    };
  };

  test("a new payment is 503, and nothing is made or moved for it", async () => {
    const ask = await payment();
    const before = controls.counts();
    await fill();
    expect(await ask("/quote")).toMatchObject({ status: 503, body: { error: "store_unavailable" } });
    expect(controls.counts()).toEqual(before);
  });

  test("the gateway is not ready while it is full", async () => {
    const ready = async () => {
      const response = await fetch(`${gateway.url}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    expect(await ready()).toMatchObject({ status: 200 });
    await fill();
    expect(await ready()).toMatchObject({ status: 503, body: { ready: false, checks: { stores: "unwritable" } } });
  });

  test.each(["after", "before"])(
    "a payment in doubt gets its content (the settlement failed %s it moved)",
    async (fail) => {
      const ask = await payment();
      const { runs, transfers } = controls.counts();
      await controls.fault({ on: "settle", fail, times: 1 });
      expect((await ask("/quote")).status).toBe(503);
      await fill();
      expect(await ask("/quote")).toMatchObject({ status: 200, body: { path: "/quote" } });
      expect(controls.counts()).toMatchObject({ runs: runs + 1, transfers: transfers + 1 });
    },
  );

  test("a payment that was delivered is handed out again to its collector", async () => {
    const ask = await payment();
    const first = await ask("/quote");
    await fill();
    expect(await ask("/quote")).toEqual(first);
  });
});
