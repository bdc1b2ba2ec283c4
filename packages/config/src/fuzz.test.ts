// Mutated configurations: whatever is done to one, it loads or is refused with STORE_CONFIG, and no secret shows.
import { isStoreError } from "@tollbooth-stores/core";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { loadStores } from "./load-stores.ts";
import { fakeClient } from "./redis/fake-client.test-support.ts";

// Thousands of documents: seconds of computing, and many more on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

// With a space: what could be a host or a prefix, and is put where such is wanted, is no secret there.
const secret = "S3CRET hunter2";
const env = { SECRET: secret, NUMBER: "5", BAD: `"'#:{${secret}` };
const counted = { loaded: 0, refused: 0 };

const memory = {
  stores: {
    provider: "memory",
    keyPrefix: "pay",
    keySecret: [secret, `\${SECRET}`],
    ttlJitter: 0.1,
    instances: `\${NUMBER}`,
    allowUnshared: true,
    memory: { maxEntries: `\${MAX:-100}`, maxValueBytes: 1_000 },
    redis: { url: `redis://user:${secret}@host`, password: `\${BAD}` },
    rateLimits: { ttlSeconds: "60", keySecret: `x\${SECRET}` },
    sessions: { provider: "memory", ttlSeconds: "15m", keyPrefix: "mine" },
    verificationCache: { ttlSeconds: 600, maxEntries: 5 },
  },
};
const redis = {
  stores: {
    provider: "redis",
    instances: 3,
    redis: { url: `rediss://user:${secret}@host:6380/1`, tls: { servername: "h" }, commandTimeoutMs: `\${NUMBER}` },
    rateLimits: { onUnavailable: "memory", cluster: ["a:1", { host: "b", port: 2 }], password: `\${BAD}` },
    sessions: { provider: "ioredis", host: "a", port: `\${NUMBER}`, username: "u", password: secret, tls: true },
    verificationCache: { sentinel: { name: "main", nodes: "a,b", password: secret }, password: `\${SECRET}`, db: 1 },
  },
};
const gateways = {
  stores: {
    redis: { url: `redis://user:${secret}@host`, prefix: "shop", options: { connectionTimeout: 100, maxRetries: 3 } },
    rateLimit: { backend: "redis" },
    timeSession: { backend: "redis", redis: { url: `redis://:${secret}@other`, prefix: "shop-sessions" } },
    verificationCache: { backend: "memory", ttlSeconds: 600 },
  },
};
const documents: readonly { stores: object }[] = [memory, redis, gateways];
const providers = [fakeClient().provider, fakeClient(undefined, ["ioredis"], "redis").provider];

/** Loads or refuses as it should; what is told, by either, holds no secret. */
async function checkSafe(source: unknown): Promise<void> {
  let told: string;
  const heard: string[] = [];
  try {
    await using stores = await loadStores(source, {
      env,
      providers,
      keyv: new Map(),
      onWarning: (message) => void heard.push(message),
    });
    told = JSON.stringify(stores.describe());
    counted.loaded += 1;
  } catch (error) {
    if (!isStoreError(error, "STORE_CONFIG")) throw error;
    told = `${error.message} ${error.stack} ${JSON.stringify(error.cause)}`;
    counted.refused += 1;
  }
  expect(told + heard.join()).not.toContain("hunter2");
}

const someValue = fc.oneof(
  fc.constantFrom(
    secret,
    `\${SECRET}`,
    `\${BAD}`,
    `\${MISSING}`,
    `\${`,
    "redis",
    "memory",
    "ioredis",
    "keyv",
    "",
    null,
    0,
    -1,
    true,
    [],
  ),
  fc.constantFrom(`redis://${secret}@h`, `rediss://u:${secret}@h:99999/x`, `${secret}:1,b`, "/etc/hostname"),
  fc.constantFrom({ [secret]: secret }, { password: secret }, [secret], [[secret]]),
  fc.jsonValue({ maxDepth: 3 }),
  fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true }),
);
const someKey = fc.constantFrom(
  "provider",
  "backend",
  "redis",
  "url",
  "host",
  "password",
  "db",
  "tls",
  "caFile",
  "cluster",
  "sentinel",
  "options",
  "prefix",
  "onUnavailable",
  "instances",
  "memory",
  "sessions",
  "maxEntries",
  "keySecret",
  "ttlSeconds",
  "keyPrefx",
  "__proto__",
  "constructor",
  "toString",
  "",
);
const where = fc.constantFrom(
  [],
  ["memory"],
  ["redis"],
  ["redis", "tls"],
  ["redis", "options"],
  ["rateLimits"],
  ["rateLimit"],
  ["sessions"],
  ["timeSession"],
  ["timeSession", "redis"],
  ["verificationCache"],
  ["verificationCache", "sentinel"],
);

function changed(target: object, path: readonly string[], key: string, value: unknown): void {
  const inner = path.reduce<unknown>(
    (found, name) => (typeof found === "object" && found !== null ? Reflect.get(found, name) : undefined),
    target,
  );
  if (typeof inner !== "object" || inner === null) return;
  if (value === undefined) Reflect.deleteProperty(inner, key);
  else Object.defineProperty(inner, key, { value, enumerable: true, configurable: true, writable: true });
}

it("starts from documents that load", async () => {
  for (const document of documents) await checkSafe(document);
  expect(counted).toEqual({ loaded: documents.length, refused: 0 });
});

it("survives objects with values replaced, removed and added", async () => {
  const mutations = fc.array(fc.tuple(where, someKey, fc.option(someValue, { nil: undefined })), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...documents), mutations, async (document, steps) => {
      const mutated: { stores: object } = structuredClone(document);
      for (const [path, key, value] of steps) changed(mutated.stores, path, key, value);
      await checkSafe(mutated);
    }),
    { numRuns: 1_500 },
  );
  expect(counted.loaded).toBeGreaterThan(0);
  expect(counted.refused).toBeGreaterThan(0);
});

it("survives text with characters inserted, replaced and removed", async () => {
  const texts = documents.map((document) => stringify(document));
  const edit = fc.record({
    at: fc.nat({ max: Math.max(...texts.map((text) => text.length)) }),
    remove: fc.nat({ max: 6 }),
    insert: fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom("\n", ": ", "  ", "- ", "{", "}", "[", '"', "'", "#", "&a ", "*a", "!t ", "|\n", "\t", `\${`),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 4 }), async (text, edits) => {
      let mutated = text;
      for (const { at, remove, insert } of edits) mutated = mutated.slice(0, at) + insert + mutated.slice(at + remove);
      // Some line break stays: a string without one is a path, which is shown.
      await checkSafe(`${mutated}\n`);
    }),
    { numRuns: 1_000 },
  );
});

it("survives whatever is no document", async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything({ withBigInt: true, withMap: true }), async (value) => {
      await checkSafe(typeof value === "string" ? `${value}\n` : value);
      await checkSafe({ stores: value });
    }),
    { numRuns: 500 },
  );
});

it("pollutes no prototype", async () => {
  const hostile = `{"stores": {"__proto__": {"polluted": 1}, "memory": {"constructor": {"prototype": {"polluted": 1}}}}}\n`;
  await checkSafe(hostile);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

it("takes an array for a list, whatever else it holds", async () => {
  const odd = (list: unknown[]) => Object.assign(list, { constructor: "redis" });
  await checkSafe({ stores: { keySecret: odd([secret]) } });
  await checkSafe({ stores: { provider: "ioredis", rateLimits: { cluster: odd(["a:1"]) } } });
  await checkSafe({ stores: { provider: "ioredis", redis: { sentinel: { name: "main", nodes: odd(["a:1"]) } } } });
});
