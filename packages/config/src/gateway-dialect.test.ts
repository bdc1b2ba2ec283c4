// The x402-tollbooth gateway's own `stores` block: read as it is meant, and told of by its own names.
import { isStoreError } from "@tollbooth-stores/core";
import { expect, it } from "vitest";
import { loadStores } from "./load-stores.ts";
import { fakeClient } from "./redis/fake-client.test-support.ts";

const onWarning = () => undefined;

const withoutSecret: unknown = expect.stringMatching(/^stores.keySecret: is not given/);

it("reads a store's own connection and prefix, and what it does not say from the shared ones", async () => {
  const client = fakeClient();
  const stores = await loadStores(
    `gateway: { port: 3000 }
stores:
  redis:
    url: \${REDIS_URL}
    prefix: shop
    options: { connectionTimeout: 2500 }
  rateLimit:
    backend: redis
  verificationCache:
    backend: redis
  timeSession:
    backend: redis
    redis:
      url: "redis://sessions.test:6379"
      prefix: shop-sessions
`,
    { env: { REDIS_URL: "redis://shared.test" }, providers: [client.provider] },
  );
  expect(client.opened).toEqual([
    { connection: { kind: "single", node: { host: "shared.test", port: 6_379 }, db: 0 }, connectTimeoutMs: 2_500 },
    { connection: { kind: "single", node: { host: "sessions.test", port: 6_379 }, db: 0 }, connectTimeoutMs: 2_500 },
  ]);
  expect(stores.describe()).toMatchObject({
    rateLimits: { provider: "redis", settings: { keyPrefix: "shop:rl" } },
    sessions: { provider: "redis", settings: { keyPrefix: "shop-sessions:sess" } },
    verifications: { provider: "redis", settings: { keyPrefix: "shop:verify" } },
    dialect: "x402-tollbooth",
    warnings: [withoutSecret],
  });
});

it("a store without a backend, or with memory, stays in memory", async () => {
  const client = fakeClient();
  const stores = await loadStores(
    {
      stores: {
        redis: { url: "redis://a.test" },
        rateLimit: { backend: "memory" },
        verificationCache: { backend: "redis" },
      },
    },
    { providers: [client.provider] },
  );
  expect(stores.describe()).toMatchObject({
    rateLimits: { provider: "memory" },
    sessions: { provider: "memory" },
    verifications: { provider: "redis" },
  });
});

it("says which of its options need no counterpart", async () => {
  const client = fakeClient();
  const stores = await loadStores(
    {
      stores: {
        redis: { url: "redis://a.test", options: { maxRetries: 3, autoReconnect: false } },
        timeSession: { backend: "redis", redis: { options: { enableAutoPipelining: true } } },
      },
    },
    { providers: [client.provider], onWarning },
  );
  const noEffect = "has no effect here: connections are kept, always reconnect, and queue nothing while they are down";
  expect(stores.describe().warnings).toEqual([
    `stores.redis.options.maxRetries: ${noEffect}`,
    `stores.redis.options.autoReconnect: ${noEffect}`,
    `stores.timeSession.redis.options.enableAutoPipelining: ${noEffect}`,
    withoutSecret,
  ]);
});

it("takes our own keys beside the gateway's", async () => {
  const client = fakeClient();
  const stores = await loadStores(
    {
      stores: {
        instances: 2,
        redis: { url: "redis://a.test", commandTimeoutMs: 300 },
        rateLimit: { backend: "redis", ttlSeconds: 60, onUnavailable: "memory" },
        timeSession: { backend: "redis", ttlSeconds: "15m" },
        verificationCache: { backend: "redis" },
      },
    },
    { providers: [client.provider] },
  );
  expect(stores.describe()).toMatchObject({
    rateLimits: { settings: { ttlSeconds: 60, onUnavailable: "memory", commandTimeoutMs: 300 } },
    sessions: { settings: { ttlSeconds: 900 } },
  });
});

it("tells problems by the names that stand in the document", async () => {
  const client = fakeClient();
  const error: unknown = await loadStores(
    {
      stores: {
        redis: { prefix: "a b", options: { connectionTimeout: -1, conectionTimeout: 1 } },
        rateLimit: { backend: "redsi", ttlSeconds: 0 },
        rateLimits: {},
        timeSession: { backend: "redis", provider: "memory", redis: { url: "hunter2", prefix: 5 } },
        verificationCache: { backend: "redis" },
      },
    },
    { env: {}, providers: [client.provider] },
  ).catch((thrown: unknown) => thrown);
  if (!isStoreError(error, "STORE_CONFIG")) throw error;
  expect(error.message).not.toContain("hunter2");
  expect(error.message).toMatchInlineSnapshot(`
    "The store configuration has 11 problems:
    - stores.rateLimit: rateLimits is given twice, by two names; keep one of the two
    - stores.timeSession.provider: provider is given twice, by two names; keep one of the two
    - stores.rateLimit.ttlSeconds: must be whole seconds, 1 or more, or text such as "90s", "15m" or "12h"
    - stores.rateLimit.backend: unknown provider; did you mean "redis"? (known: ioredis, keyv, memory, redis)
    - stores.timeSession.redis.prefix: must be text; put it in quotes
    - stores.timeSession.redis.prefix: must be 1 to 200 characters of A-Z a-z 0-9 _ . : / -
    - stores.redis.prefix: must be 1 to 200 characters of A-Z a-z 0-9 _ . : / -
    - stores.timeSession.redis.url: must be redis://host:6379 or, with TLS, rediss://host:6379
    - stores.redis.options.connectionTimeout: must be a whole number from 1 to 600000
    - stores.verificationCache.url: is needed, or host, cluster or sentinel
    - stores.redis: unknown key "conectionTimeout"; did you mean "connectTimeoutMs"?"
  `);
});

it("without any backend, a described Redis serves all stores", async () => {
  const client = fakeClient();
  const stores = await loadStores(
    { stores: { redis: { url: "redis://a.test", prefix: "shop" }, rateLimit: { ttlSeconds: 30 } } },
    { providers: [client.provider], onWarning },
  );
  expect(client.opened.map(({ connection }) => connection)).toEqual([
    { kind: "single", node: { host: "a.test", port: 6_379 }, db: 0 },
  ]);
  expect(stores.describe()).toMatchObject({
    rateLimits: { provider: "redis", settings: { keyPrefix: "shop:rl", ttlSeconds: 30 } },
    sessions: { provider: "redis", settings: { keyPrefix: "shop:sess" } },
    verifications: { provider: "redis", settings: { keyPrefix: "shop:verify" } },
    dialect: "x402-tollbooth",
  });
});

it("is known by its prefix alone, and needs the connection that it describes", async () => {
  const client = fakeClient();
  const { provider } = client;
  const stores = await loadStores(
    { stores: { redis: { url: "redis://a.test", prefix: "shop" } } },
    { providers: [provider], onWarning },
  );
  expect(stores.describe()).toMatchObject({ dialect: "x402-tollbooth", sessions: { provider: "redis" } });
  await expect(loadStores({ stores: { redis: { prefix: "shop" } } }, { providers: [provider] })).rejects.toThrow(
    "stores.redis.url: is needed",
  );
});

it("without any backend, a store's own Redis serves that store alone", async () => {
  const client = fakeClient();
  const stores = await loadStores(
    { stores: { timeSession: { redis: { url: "redis://a.test", prefix: "shop" } }, rateLimit: {} } },
    { providers: [client.provider], onWarning },
  );
  expect(stores.describe()).toMatchObject({
    rateLimits: { provider: "memory" },
    sessions: { provider: "redis", settings: { keyPrefix: "shop:sess" } },
    verifications: { provider: "memory" },
  });
});

it("without any backend and without a Redis, all stores are in memory", async () => {
  const stores = await loadStores({ stores: { rateLimit: { ttlSeconds: 30 }, timeSession: {} } });
  expect(stores.describe()).toMatchObject({
    rateLimits: { provider: "memory", settings: { ttlSeconds: 30 } },
    sessions: { provider: "memory" },
    verifications: { provider: "memory" },
    dialect: "x402-tollbooth",
  });
});

const redis = { url: "redis://a.test" };

it.each<[object, string]>([
  [{ provider: "memory", rateLimit: {} }, 'unknown key "rateLimit"; did you mean "rateLimits"?'],
  [{ sessions: {}, rateLimit: {} }, 'unknown key "rateLimit"; did you mean "rateLimits"?'],
  [{ verifications: {}, rateLimit: {} }, 'unknown key "rateLimit"; did you mean "rateLimits"?'],
  [{ verificationCache: { provider: "memory" }, rateLimit: {} }, 'unknown key "rateLimit"; did you mean "rateLimits"?'],
  [{ provider: "redis", redis: { ...redis, prefix: "shop" } }, 'stores.redis: unknown key "prefix"'],
  [{ redis: { ...redis, prefix: "shop", keyPrefix: "shop" } }, "stores.redis: no store uses this block"],
  [{ redis }, "stores.redis: no store uses this block"],
  [{ rateLimit: null }, 'unknown key "rateLimit"; did you mean "rateLimits"?'],
])("is not taken for what it is not: a word of ours and no backend, as in %j", async (stores, problem) => {
  await expect(loadStores({ stores })).rejects.toThrow(problem);
});
