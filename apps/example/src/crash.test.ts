// A gateway that is killed while it settles: another one finds out by itself, and the payer gets what was paid for.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { makePayment, paymentHeader, sandboxControls, testConfig } from "@tollbooth-stores/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { startGatewayProcess } from "./testing/gateway-process.ts";
import { startSandbox } from "./testing/start-sandbox.ts";

const config = testConfig
  .replace("stores: { provider: memory }", `stores: { provider: redis, redis: { url: "\${REDIS_URL}" } }`)
  .replace("payTo:", "port: 0\npaymentLease: 1s\norigin: http://api.example\npayTo:")
  .replace("perPayer: { limit: 1000,", "perPayer: { limit: 1,");

/** Redis, a sandbox, and a way to start gateways on both. */
async function surroundings() {
  const [redis, sandbox] = await Promise.all([startRedis(), startSandbox()]);
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-crash-"));
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, config);
  onTestFinished(async () => {
    await sandbox.stop();
    await redis.stop();
    rmSync(folder, { recursive: true });
  });
  const start = async () => {
    const gateway = await startGatewayProcess(file, { ...sandbox.env, REDIS_URL: redis.url });
    onTestFinished(() => gateway.stop());
    return gateway;
  };
  return { controls: sandboxControls(() => sandbox), start };
}

test("kill -9 in the middle of a settlement that goes through", async () => {
  const { controls, start } = await surroundings();
  const made = await makePayment(await controls.payer());
  const headers = { ...paymentHeader(made.payload), "idempotency-key": "mine" };
  const doomed = await start();
  await controls.fault({ on: "settle", delayMs: 1_500 });
  const lost = fetch(`${doomed.url}/quote`, { headers }).catch(() => undefined);
  await expect.poll(() => controls.logged("facilitator", "settle").length, { timeout: 10_000 }).toBe(1);
  await doomed.kill();
  await lost;
  await expect.poll(() => controls.counts().transfers, { timeout: 10_000 }).toBe(1);

  const next = await start();
  await expect
    .poll(() => next.printed(), { timeout: 20_000 })
    .toMatch(/"event":"recovered","payment":"\S{43}","attempt":\d+/);
  // Its limits are used up by now; what the killed one made is what there is.
  for (let time = 0; time < 2; time += 1) {
    const answer = await fetch(`${next.url}/quote`, { headers });
    expect([answer.status, Object(await answer.json()).path]).toEqual([200, "/quote"]);
  }
  expect(controls.counts()).toEqual({ verifies: 1, runs: 1, transfers: 1 });
});
