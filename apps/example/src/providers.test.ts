// The whole gateway on each provider, from the YAML files in config/stores/: a payment, its replay, paid calls, a second gateway.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunningRedis, startRedis, startTlsRedis } from "@tollbooth-stores/redis-testkit";
import { type Buyer, buyer, sandboxControls } from "@tollbooth-stores/sandbox";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startGatewayProcess } from "./testing/gateway-process.ts";
import { type ServedGateway, serveGateway } from "./testing/serve-gateway.ts";
import { startSandbox } from "./testing/start-sandbox.ts";

const gatewayFile = fileURLToPath(new URL("../config/gateway.yaml", import.meta.url));
const storesFolder = new URL("../config/stores/", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "tollbooth-providers-"));
const fileOf = (name: string) => fileURLToPath(new URL(`${name}.yaml`, storesFolder));
let redis: RunningRedis | undefined;
let environment: Record<string, string> = {};

beforeAll(async () => {
  redis = await startRedis();
  const tls = await startTlsRedis();
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, tls.ca);
  environment = {
    REDIS_URL: redis.url,
    REDIS_HOST: tls.host,
    REDIS_PORT: String(tls.port),
    REDIS_USERNAME: tls.username,
    REDIS_PASSWORD: tls.password,
    REDIS_CA_FILE: caFile,
    SESSION_SECRET: "a secret of this test, and a long one",
    KEY_SECRET: "a secret of this test",
    KEYV_FILE: join(folder, "keyv.json"),
  };
  return async () => {
    await tls.stop();
    await redis?.stop();
  };
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** A gateway on the stores of `file` and what stands around it, for the time of one `use`. */
async function onSystem(
  file: string,
  env: Record<string, string>,
  use: (system: ServedGateway, client: Buyer, gatewayEnv: Record<string, string>) => Promise<void>,
): Promise<void> {
  const sandbox = await startSandbox();
  const gatewayEnv = { ...environment, ...env, ...sandbox.env, STORES: file };
  const system = await serveGateway(gatewayFile, gatewayEnv);
  try {
    await use(system, buyer(await sandboxControls(() => sandbox).payer()), gatewayEnv);
  } finally {
    await system.stop();
    await sandbox.stop();
  }
}

const boughtSchema = z.object({ session: z.string() });

async function buyCalls(gateway: string, client: Buyer): Promise<{ bought: number; session: string }> {
  const response = await client.pay(`${gateway}/search`, { method: "POST", body: "{}" });
  return { bought: response.status, ...boughtSchema.parse(await response.json()) };
}

async function callWith(gateway: string, session: string): Promise<number> {
  const headers = { authorization: `Bearer ${session}` };
  return (await fetch(`${gateway}/search`, { method: "POST", body: "{}", headers })).status;
}

const cases: readonly [config: string, env: Record<string, string>, shared: boolean][] = [
  ["memory", {}, false],
  ["redis", {}, true],
  ["ioredis", {}, true],
  ["redis-tls", {}, true],
  ["redis-tls", { REDIS_CLIENT: "ioredis" }, true],
  ["keyv", {}, false],
];

describe.each(cases)("config/stores/%s.yaml %j", (name, env) => {
  test("serves a paid request once, refuses its replay, and sells calls", async () => {
    await onSystem(fileOf(name), env, async (system, client) => {
      const url = `${system.url}/quote`;
      expect((await fetch(`${system.url}/readyz`)).status).toBe(200);
      const headers = client.headersOf(await client.sign(await client.priceOf(url)));
      expect((await fetch(url, { headers })).status).toBe(200);
      expect((await fetch(url, { headers })).status).toBe(409);
      const { bought, session } = await buyCalls(system.url, client);
      expect([bought, await callWith(system.url, session)]).toEqual([201, 200]);
    });
  });
});

describe.each(cases.filter(([, , shared]) => shared))("two gateways on config/stores/%s.yaml %j", (name, env) => {
  test("the second one refuses what the first one served, and takes the calls that the first one sold", async () => {
    await onSystem(fileOf(name), env, async (system, client, gatewayEnv) => {
      const second = await startGatewayProcess(gatewayFile, gatewayEnv);
      try {
        const headers = client.headersOf(await client.sign(await client.priceOf(`${system.url}/quote`)));
        expect((await fetch(`${system.url}/quote`, { headers })).status).toBe(200);
        expect((await fetch(`${second.url}/quote`, { headers })).status).toBe(409);
        const { session } = await buyCalls(system.url, client);
        expect(await callWith(second.url, session)).toBe(200);
      } finally {
        await second.stop();
      }
    });
  });
});

test("with Redis stopped, payment routes answer 503 within the deadline, and work again without a restart", async () => {
  await onSystem(fileOf("redis"), {}, async (system, client) => {
    const url = `${system.url}/quote`;
    const headers = client.headersOf(await client.sign(await client.priceOf(url)));
    await redis?.kill("SIGKILL");
    const started = performance.now();
    const refused = await fetch(url, { headers });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(performance.now() - started).toBeLessThan(3_000);
    await redis?.restart();
    await expect.poll(async () => (await fetch(`${system.url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
    expect((await fetch(url, { headers })).status).toBe(200);
  });
});

test("with limits on a Redis of their own, losing that one costs no sale and no readiness, and losing the other one both", async () => {
  const limits = await startRedis();
  const file = join(folder, "two-redis.yaml");
  writeFileSync(
    file,
    [
      "stores:",
      "  provider: redis",
      `  redis: { url: "${redis?.url}", keyPrefix: two, commandTimeoutMs: 500 }`,
      `  rateLimits: { provider: ioredis, url: "${limits.url}", keyPrefix: two, onUnavailable: allow }`,
    ].join("\n"),
  );
  try {
    await onSystem(file, {}, async (system, client) => {
      const url = `${system.url}/quote`;
      const ready = async () => (await fetch(`${system.url}/readyz`)).status;
      expect([(await client.pay(url)).status, await ready()]).toEqual([200, 200]);
      await limits.kill("SIGKILL");
      expect([(await client.pay(url)).status, await ready()]).toEqual([200, 200]);
      const headers = client.headersOf(await client.sign(await client.priceOf(url)));
      await redis?.kill("SIGKILL");
      expect([(await fetch(url, { headers })).status, await ready()]).toEqual([503, 503]);
      await redis?.restart();
      await expect.poll(ready, { timeout: 10_000 }).toBe(200);
      expect((await fetch(url, { headers })).status).toBe(200);
    });
  } finally {
    await limits.stop();
  }
});

test("every file in config/stores/ is run here", () => {
  const names = readdirSync(storesFolder).map((file) => file.replace(/\.yaml$/, ""));
  expect(names.sort()).toEqual([...new Set(cases.map(([name]) => name))].sort());
});
