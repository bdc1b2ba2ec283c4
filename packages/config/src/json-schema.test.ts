// The schema for editors: current, and of one mind with loadStores about what is right.
import { readFileSync } from "node:fs";
import { isStoreError } from "@tollbooth-stores/core";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { jsonSchema, providerTables } from "./json-schema.ts";
import { loadStores } from "./load-stores.ts";
import { fakeClient } from "./redis/fake-client.test-support.ts";

const accepts = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(jsonSchema());

/** Whether loadStores takes it; nothing is connected to. */
async function loads(document: unknown): Promise<boolean> {
  const providers = [fakeClient().provider, fakeClient(undefined, ["ioredis"], "redis").provider];
  try {
    await using stores = await loadStores(document, {
      env: { REDIS_URL: "redis://a", REDIS_HOST: "a", REDIS_PASSWORD: "p", NUMBER: "5", PROVIDER: "memory" },
      providers,
      keyv: new Map(),
      onWarning: () => undefined,
    });
    return stores.describe().dialect === "tollbooth-stores";
  } catch (error) {
    if (!isStoreError(error, "STORE_CONFIG")) throw error;
    return false;
  }
}

const fixture = (name: string): unknown =>
  parse(readFileSync(new URL(`./fixtures/${name}.yaml`, import.meta.url), "utf8"));
const redis = (block: object) => ({ stores: { provider: "redis", redis: block } });

it("schema.json is current (else: npm run schema)", () => {
  const written: unknown = JSON.parse(readFileSync(new URL("../schema.json", import.meta.url), "utf8"));
  expect(written).toEqual(jsonSchema());
});

describe("accepts what loads", () => {
  it.each([["option-a"], ["option-b"], ["option-c"]])("the document's %s", async (name) => {
    expect(await loads(fixture(name))).toBe(true);
    expect([accepts(fixture(name)), accepts.errors]).toEqual([true, null]);
  });

  it.each([
    [{ stores: {} }],
    [{ port: 80, stores: { provider: "memory", memory: { maxEntries: 5, keyPrefix: "a:b" } } }],
    [{ stores: { provider: `\${PROVIDER}`, instances: `\${NUMBER}`, allowUnshared: "true" } }],
    [{ stores: { keySecret: ["a", "b"], ttlJitter: "0.2", maxValueBytes: 100 } }],
    [{ stores: { provider: "keyv", keyv: { durable: true, commandTimeoutMs: 100 } } }],
    [{ stores: { provider: "ioredis", ioredis: { url: "redis://a", connectTimeoutMs: `\${NUMBER}` } } }],
    [{ stores: { sessions: { provider: "node-redis", url: "redis://a", maxValueBytes: 5, ttlSeconds: "15m" } } }],
    [{ stores: { rateLimits: { ttlSeconds: "60", onUnavailable: "memory" }, verificationCache: { ttlSeconds: 600 } } }],
    [redis({ cluster: ["a:1", { host: "b", port: 2 }], tls: { servername: "c" } })],
    [redis({ cluster: "a:1,b:2" })],
    [redis({ sentinel: { name: "main", nodes: ["a"], password: "p", tls: true }, db: 1 })],
    [redis({ host: "a", username: "u", password: "p", tls: { rejectUnauthorized: false } })],
  ])("%j", async (document) => {
    expect(await loads(document)).toBe(true);
    expect([accepts(document), accepts.errors]).toEqual([true, null]);
  });
});

describe("refuses what does not load", () => {
  it.each([
    [{}],
    [{ stores: 5 }],
    [{ stores: { provider: "memroy" } }],
    [{ stores: { keyPrefx: "a" } }],
    [{ stores: { keyPrefix: "a b" } }],
    [{ stores: { instances: 0 } }],
    [{ stores: { ttlJitter: 0.6 } }],
    [{ stores: { allowUnshared: "yes" } }],
    [{ stores: { keySecret: [] } }],
    [{ stores: { onUnavailable: "allow" } }],
    [{ stores: { sessions: { onUnavailable: "allow" } } }],
    [{ stores: { verificationCache: { onUnavailable: "memory" } } }],
    [{ stores: { rateLimits: { onUnavailable: "open" } } }],
    [{ stores: { rateLimits: { maxValueBytes: 5 } } }],
    [{ stores: { sessions: { ttlSeconds: "15 minutes" } } }],
    [{ stores: { sessions: { provider: "memory", url: "redis://a" } } }],
    [{ stores: { memory: { maxEntries: 0 } } }],
    [{ stores: { provider: "keyv", keyv: { shared: true } } }],
    [redis({ url: "redis://a", host: "b" })],
    [redis({ url: "redis://a", port: 1 })],
    [redis({ host: "a", port: 70_000 })],
    [redis({ host: "a", cluster: ["b"] })],
    [redis({ cluster: [] })],
    [redis({ sentinel: { nodes: ["a"] } })],
    [redis({ host: "a", tls: { ca: "x" } })],
    [redis({ host: "a", password: 123 })],
    [redis({ host: "a", commandTimeoutMs: 0 })],
  ])("%j", async (document) => {
    expect(await loads(document)).toBe(false);
    expect(accepts(document)).toBe(false);
  });
});

it("knows the providers that come along, and describes each of their keys", () => {
  for (const [provider, table] of Object.entries(providerTables)) {
    expect(accepts({ stores: { provider } })).toBe(true);
    for (const [key, { about }] of Object.entries(table))
      expect([provider, key, about.length > 10]).toEqual([provider, key, true]);
  }
});
