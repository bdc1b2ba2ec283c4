// What a document says of a Redis, and which clients are opened for it.
import { readFile } from "node:fs/promises";
import { isStoreError } from "@tollbooth-stores/core";
import { describe, expect, it } from "vitest";
import type { LoadOptions } from "../load-options.ts";
import { loadStores } from "../load-stores.ts";
import { fakeClient } from "./fake-client.test-support.ts";

const env = { REDIS_URL: "redis://app:p%40ss@cache.test:6390/3", REDIS_HOST: "cache.test", REDIS_PASSWORD: "s#c:r'et" };

async function load(source: unknown, more: LoadOptions = {}) {
  const client = fakeClient();
  const stores = await loadStores(source, { env, providers: [client.provider], ...more });
  return { client, stores };
}

const fixture = (name: string) => readFile(new URL(`../fixtures/${name}.yaml`, import.meta.url), "utf8");

describe("the document's forms", () => {
  it("A: one connection for all three stores", async () => {
    const { client, stores } = await load(await fixture("option-a"));
    expect(client.opened).toEqual([
      {
        connection: {
          kind: "single",
          node: { host: "cache.test", port: 6_390 },
          db: 3,
          username: "app",
          password: "p@ss",
        },
        connectTimeoutMs: undefined,
      },
    ]);
    expect(stores.describe()).toEqual({
      rateLimits: {
        provider: "redis",
        shared: true,
        settings: { keyPrefix: "tollbooth:rl", url: "redis://cache.test:6390/3" },
      },
      sessions: {
        provider: "redis",
        shared: true,
        settings: { keyPrefix: "tollbooth:sess", url: "redis://cache.test:6390/3" },
      },
      verifications: {
        provider: "redis",
        shared: true,
        settings: { keyPrefix: "tollbooth:verify", url: "redis://cache.test:6390/3" },
      },
      dialect: "tollbooth-stores",
      warnings: [expect.stringMatching(/^stores.keySecret: is not given/)],
    });
  });

  it("B: a block a store, and still one client where they say the same", async () => {
    const { client, stores } = await load(await fixture("option-b"));
    expect(client.opened).toHaveLength(1);
    expect(stores.describe()).toMatchObject({
      rateLimits: { settings: { keyPrefix: "tollbooth:rl", ttlSeconds: 60 } },
      sessions: { settings: { keyPrefix: "tollbooth:sess", ttlSeconds: 900 } },
      verifications: { settings: { keyPrefix: "tollbooth:verify", ttlSeconds: 3_600 } },
      warnings: [expect.stringMatching(/^stores.keySecret: is not given/)],
    });
  });

  it("C: host, port, password, TLS and database", async () => {
    const { client, stores } = await load(await fixture("option-c"));
    expect(client.opened.map(({ connection }) => connection)).toEqual([
      { kind: "single", node: { host: "cache.test", port: 6_379 }, password: "s#c:r'et", tls: {}, db: 0 },
    ]);
    expect(stores.describe().sessions.settings).toEqual({
      keyPrefix: "tollbooth:sess",
      host: "cache.test",
      port: 6_379,
      password: "***",
      tls: true,
      db: 0,
    });
  });

  it("A with a block of a store: its own options win, its connection stays the shared one", async () => {
    const { client, stores } = await load(`stores:
  provider: redis
  redis:
    url: \${REDIS_URL}
    commandTimeoutMs: 200
    connectTimeoutMs: 3000
    ttlJitter: 0.2
    keySecret: shared-secret
  sessions:
    ttlSeconds: 15m
    commandTimeoutMs: 900
    ttlJitter: 0.3
    keySecret: own-secret
`);
    expect(client.opened).toMatchObject([{ connectTimeoutMs: 3_000 }]);
    const { rateLimits, sessions } = stores.describe();
    expect(rateLimits.settings).toMatchObject({ commandTimeoutMs: 200, connectTimeoutMs: 3_000, ttlJitter: 0.2 });
    expect(sessions.settings).toMatchObject({ commandTimeoutMs: 900, connectTimeoutMs: 3_000, ttlJitter: 0.3 });
  });

  it("A and B: a store with a connection of its own takes nothing of the shared one", async () => {
    const { client } = await load({
      stores: {
        provider: "redis",
        redis: { host: "shared.test", username: "app", password: "shared-password", db: 4, tls: true },
        verificationCache: { url: "redis://own.test", connectTimeoutMs: 100 },
      },
    });
    expect(client.opened).toEqual([
      {
        connection: {
          kind: "single",
          node: { host: "shared.test", port: 6_379 },
          username: "app",
          password: "shared-password",
          db: 4,
          tls: {},
        },
        connectTimeoutMs: undefined,
      },
      { connection: { kind: "single", node: { host: "own.test", port: 6_379 }, db: 0 }, connectTimeoutMs: 100 },
    ]);
  });

  it("opens a client for each distinct connection, pings each, and closes each once", async () => {
    const client = fakeClient([]);
    const stores = await loadStores(
      {
        stores: {
          provider: "redis",
          redis: { host: "a.test" },
          sessions: { host: "b.test" },
          verificationCache: { host: "a.test" },
        },
      },
      { env, providers: [client.provider] },
    );
    expect(client.opened.map(({ connection }) => connection)).toMatchObject([
      { node: { host: "a.test" } },
      { node: { host: "b.test" } },
    ]);
    await stores.ping();
    expect(client.scripts).toEqual([1, 1]);
    await expect(stores.check()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(client.scripts, "each was asked, and answered in no known form").toEqual([2, 2]);
    await stores.close();
    await stores.close();
    expect(client.closed).toBe(2);
  });

  it("a cluster and sentinels, from lists, blocks or one variable", async () => {
    const { client } = await load(
      {
        stores: {
          provider: "redis",
          rateLimits: { cluster: `\${NODES}`, password: "p" },
          sessions: { cluster: ["a.test", { host: "::1", port: 7_001 }], tls: true, db: 0 },
          verificationCache: {
            sentinel: { name: "main", nodes: ["s1.test", "[::1]:26380"], password: "of-sentinels", tls: true },
            username: "app",
            password: "of-redis",
            db: 2,
          },
        },
      },
      { env: { NODES: "a.test:7000, b.test:7001" } },
    );
    expect(client.opened.map(({ connection }) => connection)).toEqual([
      {
        kind: "cluster",
        nodes: [
          { host: "a.test", port: 7_000 },
          { host: "b.test", port: 7_001 },
        ],
        password: "p",
      },
      {
        kind: "cluster",
        nodes: [
          { host: "a.test", port: 6_379 },
          { host: "::1", port: 7_001 },
        ],
        tls: {},
      },
      {
        kind: "sentinel",
        name: "main",
        sentinels: [
          { host: "s1.test", port: 26_379 },
          { host: "::1", port: 26_380 },
        ],
        sentinelAccess: { password: "of-sentinels", tls: {} },
        username: "app",
        password: "of-redis",
        db: 2,
      },
    ]);
  });

  it("takes credentials and a database beside a URL that has none", async () => {
    const { client } = await load({
      stores: { provider: "redis", redis: { url: "rediss://h.test", username: "u", password: "p:#/", db: 1 } },
    });
    expect(client.opened.map(({ connection }) => connection)).toEqual([
      { kind: "single", node: { host: "h.test", port: 6_379 }, username: "u", password: "p:#/", db: 1, tls: {} },
    ]);
  });

  it("another client may use the block named redis, until it has its own", async () => {
    const other = fakeClient(undefined, ["ioredis"], "redis");
    const stores = { provider: "ioredis", redis: { host: "a.test" } };
    await loadStores({ stores }, { providers: [other.provider] });
    await loadStores({ stores: { ...stores, ioredis: { host: "b.test" } } }, { providers: [other.provider] });
    expect(other.opened.map(({ connection }) => connection)).toMatchObject([
      { node: { host: "a.test" } },
      { node: { host: "b.test" } },
    ]);
  });

  it("closes the first client where the second of the same library cannot be opened", async () => {
    const refusing = fakeClient(undefined, undefined, undefined, "refused.test");
    const stores = { provider: "redis", redis: { host: "a.test" }, sessions: { host: "refused.test" } };
    await expect(loadStores({ stores }, { env, providers: [refusing.provider] })).rejects.toThrow("no such client");
    expect([refusing.opened.length, refusing.closed]).toEqual([1, 1]);
  });

  it("closes what it had opened where a later client cannot be opened", async () => {
    const client = fakeClient();
    const failing = fakeClient(undefined, ["failing"]);
    const provider = {
      ...failing.provider,
      read: () => ({ isShared: () => true, open: () => Promise.reject(new Error("no such client")) }),
    };
    const source = { stores: { provider: "redis", redis: { host: "a.test" }, sessions: { provider: "failing" } } };
    await expect(loadStores(source, { providers: [client.provider, provider] })).rejects.toThrow("no such client");
    await expect.poll(() => client.closed).toBe(1);
  });
});

describe("prefixes", () => {
  const message = async (stores: object, providers = [fakeClient().provider]) => {
    const error: unknown = await loadStores({ stores }, { env, providers }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return isStoreError(error, "STORE_CONFIG") ? error.message : error;
  };

  it("must differ where two stores are on one server, with whatever login and client", async () => {
    const ioredis = fakeClient(undefined, ["ioredis"]);
    const told = await message(
      {
        provider: "redis",
        rateLimits: { url: "redis://a.test", keyPrefix: "mine" },
        sessions: { host: "A.test", password: "other", keyPrefix: "mine" },
        verificationCache: { provider: "ioredis", url: "redis://u:p@a.test:6379/0", keyPrefix: "mine" },
      },
      [fakeClient().provider, ioredis.provider],
    );
    expect(told).toBe(`The store configuration has 2 problems:
- stores.sessions.keyPrefix: is that of rateLimits, on the same server: each store needs its own
- stores.verificationCache.keyPrefix: is that of rateLimits, on the same server: each store needs its own`);
  });

  it("may be the same on another server or database, and in memory", async () => {
    const mine = { keyPrefix: "mine" };
    expect(
      await message({
        provider: "redis",
        rateLimits: { url: "redis://a.test/0", ...mine },
        sessions: { url: "redis://a.test/1", ...mine },
        verificationCache: { url: "redis://b.test", ...mine },
      }),
    ).toBeUndefined();
    expect(await message({ sessions: mine, verificationCache: mine, rateLimits: mine })).toBeUndefined();
  });
});
