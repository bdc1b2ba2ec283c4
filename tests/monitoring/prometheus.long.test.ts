// A real Prometheus before the example's gateway on a real Redis: it scrapes a sale, takes every panel's query, and fires.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewayLog, readGatewayConfig, startGateway } from "@tollbooth-stores/example";
import { listen } from "@tollbooth-stores/example/listen";
import { startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { buyer, demoAccount, openSandboxLedger, testConfig } from "@tollbooth-stores/sandbox";
import { openUpstream } from "@tollbooth-stores/sandbox/upstream";
import { expect, it, onTestFinished } from "vitest";
import { panels } from "./expressions.ts";
import { startPrometheus } from "./start-prometheus.ts";

const patience = { timeout: 30_000, interval: 200 };

async function startShop(redisUrl: string) {
  const logs = mkdtempSync(join(tmpdir(), "tollbooth-monitoring-"));
  const [books, api] = [openSandboxLedger(logs), openUpstream(logs)];
  const [ledger, upstream] = [await listen(books.fetch, 0), await listen(api.fetch, 0)];
  const env = {
    ...{ FACILITATOR_URL: `${ledger.url}/facilitator`, CHAIN_URL: `${ledger.url}/rpc`, UPSTREAM_URL: upstream.url },
  };
  const config = await readGatewayConfig(`${testConfig}\nport: 0\nmetrics: { port: 0 }\nshutdownGrace: 1s\n`, env);
  const stores = { stores: { provider: "ioredis", keySecret: "a secret for tests", ioredis: { url: redisUrl } } };
  const gateway = await startGateway(config, stores, env, gatewayLog("silent"));
  onTestFinished(async () => {
    await gateway.stop();
    await Promise.all([ledger.stop(100), upstream.stop(100)]);
    books.close();
    api.close();
    rmSync(logs, { recursive: true });
  });
  return { gateway, books };
}

it("sees a sale, takes every panel, and tells that Redis is full, or away until it is back, and that the gateway ended", async () => {
  const redis = await startRedis({ maxmemory: "64mb" });
  onTestFinished(() => redis.stop());
  const { gateway, books } = await startShop(redis.url);
  const prometheus = await startPrometheus(new URL(gateway.metricsUrl ?? "").host);
  onTestFinished(() => prometheus.stop());
  const client = buyer(demoAccount("monitoring"));
  books.ledger.mint([client.account.address], 1_000_000n);
  const payment = await client.sign(await client.priceOf(`${gateway.url}/quote`));
  expect((await fetch(`${gateway.url}/quote`, { headers: client.headersOf(payment) })).status).toBe(200);

  const paid = 'tollbooth_payment_duration_count{tollbooth_outcome="paid"}';
  await expect.poll(() => prometheus.query(paid), patience).toEqual([1]);
  await expect.poll(() => prometheus.query("tollbooth_redis_memory_limit"), patience).toEqual([64 * 1_048_576]);
  for (const { expr } of panels()) await prometheus.query(expr.replaceAll("$__rate_interval", "1m"));
  for (const alert of ["TollboothConnectionDown", "TollboothUnready", "TollboothGatewayDown"])
    expect(await prometheus.firing()).not.toContain(alert);

  // A balancer probes. It sends an unready gateway nothing else.
  await redis.command("CONFIG", "SET", "maxmemory", "1");
  const probed = async () => {
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
    return prometheus.firing();
  };
  await expect.poll(probed, patience).toContain("TollboothUnready");
  expect(await prometheus.firing()).not.toContain("TollboothStoreUnavailable");
  await redis.command("CONFIG", "SET", "maxmemory", "0");

  await redis.kill("SIGKILL");
  await expect.poll(() => prometheus.firing(), patience).toContain("TollboothConnectionDown");
  await redis.restart();
  await expect.poll(() => prometheus.firing(), patience).not.toContain("TollboothConnectionDown");
  expect(await prometheus.firing()).not.toContain("TollboothGatewayDown");
  await gateway.stop();
  await expect.poll(() => prometheus.firing(), patience).toContain("TollboothGatewayDown");
});
