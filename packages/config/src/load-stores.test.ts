// What loads, and that it means what it says.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "@tollbooth-stores/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadStores } from "./load-stores.ts";
import { memoryProvider } from "./memory-provider.ts";

const env = {};
const defaults = {
  rateLimits: { provider: "memory", shared: false, settings: { keyPrefix: "tollbooth:rl" } },
  sessions: { provider: "memory", shared: false, settings: { keyPrefix: "tollbooth:sess" } },
  verifications: { provider: "memory", shared: false, settings: { keyPrefix: "tollbooth:verify" } },
  dialect: "tollbooth-stores",
  warnings: [],
};

describe("sources", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tollbooth-config-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("an empty stores block means memory", async () => {
    expect((await loadStores({ stores: {} }, { env })).describe()).toEqual(defaults);
  });

  it("reads YAML text, JSON text, one line of either with its line break, and Windows line ends", async () => {
    for (const text of [
      "stores: {}\n",
      '{"stores": {}}\n',
      '{\n\t"stores": {\n\t\t"provider": "memory"\n\t}\n}',
      "stores:\r\n  provider: memory\r\n",
      "\uFEFFstores: {}\n",
    ]) {
      expect((await loadStores(text, { env })).describe()).toEqual(defaults);
    }
  });

  it("reads a file", async () => {
    const path = join(folder, "gateway.yaml");
    await writeFile(path, "stores:\n  memory: { maxEntries: 7 }\n");
    const stores = await loadStores(path, { env });
    expect(stores.describe().sessions.settings).toEqual({ keyPrefix: "tollbooth:sess", maxEntries: 7 });
  });

  it("reads only the key stores of a gateway's document, and expands no variables elsewhere", async () => {
    const text = `gateway:\n  port: \${NOT_SET}\n  storez: 1\nstores:\n  provider: memory\n`;
    expect((await loadStores(text, { env })).describe()).toEqual(defaults);
  });

  it("reads an anchor and its alias", async () => {
    const text = "limits: &limits { maxEntries: 9 }\nstores:\n  sessions: *limits\n";
    expect((await loadStores(text, { env })).describe().sessions.settings.maxEntries).toBe(9);
  });

  it("takes a key given as undefined as not given", async () => {
    expect((await loadStores({ stores: { provider: undefined, sessions: undefined } })).describe()).toEqual(defaults);
  });

  it("refuses a folder, what is not UTF-8, and a file above 1 MiB", async () => {
    await writeFile(join(folder, "latin1.yaml"), Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]));
    await writeFile(join(folder, "large.yaml"), Buffer.alloc(1_048_577, "#"));
    await expect(loadStores(folder)).rejects.toThrow(/is not a file\.$/);
    await expect(loadStores(join(folder, "latin1.yaml"))).rejects.toThrow(/is not UTF-8 text\.$/);
    await expect(loadStores(join(folder, "large.yaml"))).rejects.toThrow(/is larger than 1048576 bytes\.$/);
    await expect(loadStores(`${"#".repeat(1_048_577)}\n`)).rejects.toThrow(/is larger than 1048576 bytes\.$/);
  });
});

describe("forms", () => {
  it("A: one block for all stores, each with its suffix", async () => {
    const stores = await loadStores(
      { stores: { provider: "memory", memory: { keyPrefix: "pay", maxEntries: 5, ttlJitter: 0.2 } } },
      { env },
    );
    const settings = { maxEntries: 5, ttlJitter: 0.2 };
    expect(stores.describe()).toEqual({
      ...defaults,
      rateLimits: { provider: "memory", shared: false, settings: { ...settings, keyPrefix: "pay:rl" } },
      sessions: { provider: "memory", shared: false, settings: { ...settings, keyPrefix: "pay:sess" } },
      verifications: { provider: "memory", shared: false, settings: { ...settings, keyPrefix: "pay:verify" } },
    });
  });

  it.each([
    ["A", { provider: "memory", memory: { keyPrefix: "tollbooth" } }],
    ["C", { provider: "memory", redis: { host: "redis.example", tls: true, db: 0, keyPrefix: "tollbooth" } }],
  ])("%s opens sessions without a further word, for 15 minutes", async (_form, stores) => {
    const clock = manualClock();
    await using loaded = await loadStores({ stores }, { env, providers: [memoryProvider({ clock })] });
    const { record } = await loaded.sessions.create({ data: 1 });
    clock.advance(899_999);
    expect((await loaded.sessions.get(record.id))?.data).toBe(1);
    clock.advance(1);
    expect(await loaded.sessions.get(record.id)).toBeNull();
  });

  it("B: a block a store, its prefix as written", async () => {
    const stores = await loadStores(
      `stores:
  rateLimits:
    provider: memory
    keyPrefix: tollbooth:rl
    ttlSeconds: 60
  sessions:
    provider: memory
    keyPrefix: mine
    ttlSeconds: 15m
    maxEntries: 3
  verificationCache:
    provider: memory
    ttlSeconds: "3600"
`,
      { env },
    );
    expect(stores.describe()).toMatchObject({
      rateLimits: { settings: { keyPrefix: "tollbooth:rl", ttlSeconds: 60 } },
      sessions: { settings: { keyPrefix: "mine", ttlSeconds: 900, maxEntries: 3 } },
      verifications: { settings: { keyPrefix: "tollbooth:verify", ttlSeconds: 3_600 } },
    });
  });

  it("verifications is another name of verificationCache", async () => {
    const stores = await loadStores({ stores: { verifications: { keyPrefix: "mine", ttlSeconds: 600 } } }, { env });
    expect(stores.describe().verifications.settings).toEqual({ keyPrefix: "mine", ttlSeconds: 600 });
  });

  it("without ttlSeconds: a window of 60 seconds, sessions of 15 minutes, results of an hour", async () => {
    const clock = manualClock();
    const stores = await loadStores({ stores: {} }, { env, providers: [memoryProvider({ clock })] });
    const { record } = await stores.sessions.create({ data: 1 });
    expect(record.expiresAtMs).toBe(clock.now() + 900_000);
    const check = { route: "r", client: "c", policy: { algorithm: "fixed-window", limit: 1 } } as const;
    expect(await stores.rateLimits.consume(check)).toMatchObject({ allowed: true, resetAfterMs: 60_000 });
    const asked = { token: "t", fingerprint: "f", leaseMs: 1_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
    const claimed = await stores.verifications.claim("k", asked);
    if (claimed.status !== "claimed") throw new Error("It was not claimed.");
    const result = { outcome: "accepted", value: "v", retainUntilMs: clock.now() + 86_400_000 } as const;
    await stores.verifications.complete("k", claimed.lease, result);
    expect(await stores.verifications.peek("k")).toMatchObject({ status: "done", expiresInMs: 3_600_000 });
  });

  it("combined: the store's block wins over the provider's block, that over stores itself", async () => {
    const stores = await loadStores(
      {
        stores: {
          keyPrefix: "outer",
          ttlJitter: 0.1,
          maxValueBytes: 100,
          memory: { keyPrefix: "middle", ttlJitter: 0.2, maxEntries: 20 },
          sessions: { keyPrefix: "inner", ttlJitter: 0.3, maxEntries: 30 },
        },
      },
      { env },
    );
    const { rateLimits, sessions, verifications } = stores.describe();
    expect(rateLimits.settings).toEqual({ keyPrefix: "middle:rl", ttlJitter: 0.2, maxEntries: 20 });
    expect(sessions.settings).toEqual({ keyPrefix: "inner", ttlJitter: 0.3, maxEntries: 30, maxValueBytes: 100 });
    expect(verifications.settings).toEqual({
      keyPrefix: "middle:verify",
      ttlJitter: 0.2,
      maxEntries: 20,
      maxValueBytes: 100,
    });
  });

  it("leaves a provider's block alone where provider chose another: that is a switch", async () => {
    const text = `stores:\n  provider: \${STORES:-memory}\n  redis:\n    url: \${REDIS_URL}\n`;
    expect((await loadStores(text, { env })).describe()).toEqual(defaults);
  });

  it("names the variable that is empty where text is needed", async () => {
    const text = `stores:\n  provider: redis\n  redis:\n    url: \${REDIS_URL}\n`;
    await expect(loadStores(text, { env: { REDIS_URL: "" } })).rejects.toThrow(
      /stores.redis.url: .*the variable REDIS_URL is empty/,
    );
  });

  it("more than one instance is fine where allowUnshared says so", async () => {
    await loadStores({ stores: { instances: 2, allowUnshared: "true" } }, { env });
    await loadStores({ stores: { instances: 1 } }, { env });
  });
});

describe("variables", () => {
  it("become numbers and flags where such are wanted, and secrets whatever they hold", async () => {
    const stores = await loadStores(
      `stores:
  instances: \${COUNT}
  allowUnshared: \${UNSHARED}
  keySecret: ["\${SECRET}", '\${OLD_SECRET:-before: #1 "old"}']
  memory:
    maxEntries: \${MAX:-12}
  sessions:
    ttlSeconds: \${TTL}
`,
      { env: { COUNT: "3", UNSHARED: "true", SECRET: `#:'" {}[] \n\${NOT_SET}`, TTL: "30m" } },
    );
    expect(stores.describe().sessions.settings).toEqual({
      keyPrefix: "tollbooth:sess",
      keySecret: "***",
      maxEntries: 12,
      ttlSeconds: 1_800,
    });
  });

  it("are expanded in an object too, and not where env is false", async () => {
    const object = { stores: { keySecret: `\${SECRET}-long-enough` } };
    await expect(loadStores(object, { env })).rejects.toThrow(/SECRET is not set/);
    await loadStores(object, { env: false });
  });

  it("come from process.env by default", async () => {
    const [name] = Object.keys(process.env).filter((key) => /^[A-Z]+$/.test(key));
    await loadStores({ stores: { keySecret: `long-enough-\${${name}}` } });
    await expect(loadStores({ stores: { keySecret: `\${TOLLBOOTH_NOT_SET}` } })).rejects.toThrow(/TOLLBOOTH_NOT_SET/);
  });
});

describe("the stores", () => {
  it("run with what was configured: defaults, bounds and prefixes", async () => {
    const clock = manualClock();
    await using stores = await loadStores<{ note: string }>(
      {
        stores: {
          rateLimits: { ttlSeconds: 60 },
          sessions: { ttlSeconds: "15m", maxEntries: 1, maxValueBytes: 50 },
          verificationCache: { ttlSeconds: 600 },
        },
      },
      { env, providers: [memoryProvider({ clock })] },
    );
    const check = { route: "r", client: "c", policy: { algorithm: "fixed-window" as const, limit: 1 } };
    expect(await stores.rateLimits.consume(check)).toMatchObject({ allowed: true, resetAfterMs: 60_000 });
    const { record } = await stores.sessions.create({ data: { note: "short" } });
    expect(record.expiresAtMs).toBe(clock.now() + 900_000);
    await expect(stores.sessions.create({ data: { note: "too many" } })).rejects.toMatchObject({
      code: "STORE_CAPACITY",
    });
    const tooLarge = stores.sessions.update(record.id, { note: "x".repeat(60) }, { ifVersion: record.version });
    await expect(tooLarge).rejects.toMatchObject({ code: "STORE_VALUE_TOO_LARGE" });
    const claimed = await stores.verifications.claim("k", {
      token: "t",
      fingerprint: "f",
      leaseMs: 1_000,
      onLeaseExpiry: "retry",
      retainUntilMs: 0,
    });
    if (claimed.status !== "claimed") throw new Error(`claim answered ${claimed.status}`);
    await stores.verifications.complete("k", claimed.lease, {
      outcome: "accepted",
      value: "v",
      retainUntilMs: clock.now() + 3_600_000,
    });
    expect(await stores.verifications.peek("k")).toMatchObject({ status: "done", expiresInMs: 600_000 });
    expect((await stores.ping()).latencyMs).toBeGreaterThanOrEqual(0);
    await stores.close();
    await expect(stores.sessions.get(record.id)).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("use the codec that code gives", async () => {
    const codec = { encode: () => "1constant", decode: () => "decoded" };
    const stores = await loadStores({ stores: {} }, { env, codec });
    const { record } = await stores.sessions.create({ data: "anything", idleTtlMs: 1_000 });
    expect((await stores.sessions.get(record.id))?.data).toBe("decoded");
  });

  it("describe themselves in copies", async () => {
    const stores = await loadStores({ stores: {} }, { env });
    stores.describe().sessions.settings.keyPrefix = "changed";
    expect(stores.describe()).toEqual(defaults);
  });
});
