// A provider registered in code: what it is handed, what it may share, and what happens when opening fails.
import { createStores, type StoreOptions } from "@tollbooth-stores/core";
import { mapPort } from "@tollbooth-stores/core/testing";
import { describe, expect, it } from "vitest";
import { loadStores } from "./load-stores.ts";
import { memoryProvider } from "./memory-provider.ts";
import type { PerStore, StoreBlock, StoreName, StoreProvider } from "./store-provider.ts";

interface Seen {
  connections: string[];
  settings: PerStore<StoreOptions>;
  pings: number;
  checks: number;
  closed: number;
}

/** A provider as a Redis one would be: a URL, a nested block, one connection for each distinct URL. */
function fakeProvider(
  names: readonly [string, ...string[]],
  failing = false,
  unshared: readonly StoreName[] = [],
): { provider: StoreProvider; seen: Seen } {
  const seen: Seen = { connections: [], settings: {}, pings: 0, checks: 0, closed: 0 };
  const read = (block: StoreBlock | undefined, store: StoreName) => {
    if (block === undefined) return undefined;
    const url = block.options.text("url", { secret: true });
    if (url === undefined && !block.options.has("url")) block.options.problem("url", "is needed");
    block.options.block("tls")?.text("caFile");
    block.options.block("tls")?.flag("strict");
    seen.settings[store] = block.settings;
    return { url: url ?? "", settings: block.settings };
  };
  const provider: StoreProvider = {
    names,
    read(blocks) {
      const rateLimits = read(blocks.rateLimits, "rateLimits");
      const sessions = read(blocks.sessions, "sessions");
      const verifications = read(blocks.verifications, "verifications");
      return {
        isShared: (store) => !unshared.includes(store),
        open<T>() {
          if (failing) throw new Error("cannot open");
          const urls = [rateLimits, sessions, verifications].flatMap((block) =>
            block === undefined ? [] : [block.url],
          );
          seen.connections.push(...new Set(urls));
          const stores = createStores<T>(mapPort());
          return {
            ...(rateLimits && { rateLimits: stores.rateLimits }),
            ...(sessions && { sessions: stores.sessions }),
            ...(verifications && { verifications: stores.verifications }),
            ping: async () => {
              seen.pings += 1;
            },
            check: async () => {
              seen.checks += 1;
            },
            close: async () => {
              seen.closed += 1;
            },
          };
        },
      };
    },
  };
  return { provider, seen };
}

const secretUrl = "redis://user:hunter2@host:6379";

describe("a registered provider", () => {
  it("takes the document's forms A and B byte for byte", async () => {
    const formA = `stores:
  provider: redis
  redis:
    url: \${REDIS_URL}
    keyPrefix: tollbooth
`;
    const a = fakeProvider(["redis", "node-redis"]);
    const stores = await loadStores(formA, { env: { REDIS_URL: secretUrl }, providers: [a.provider] });
    expect(a.seen.connections).toEqual([secretUrl]);
    expect(stores.describe().sessions).toEqual({
      provider: "redis",
      shared: true,
      settings: { keyPrefix: "tollbooth:sess", url: "***" },
    });

    const formB = `stores:
  rateLimits:
    provider: redis
    url: \${REDIS_URL}
    keyPrefix: tollbooth:rl
    ttlSeconds: 60

  sessions:
    provider: redis
    url: \${REDIS_URL}
    keyPrefix: tollbooth:sess
    ttlSeconds: 900

  verificationCache:
    provider: redis
    url: \${REDIS_URL}
    keyPrefix: tollbooth:verify
    ttlSeconds: 3600
`;
    const b = fakeProvider(["redis", "node-redis"]);
    await loadStores(formB, { env: { REDIS_URL: secretUrl }, providers: [b.provider] });
    expect(b.seen.connections).toEqual([secretUrl]);
    expect(b.seen.settings).toMatchObject({
      rateLimits: { keyPrefix: "tollbooth:rl", defaults: { windowMs: 60_000 } },
      sessions: { keyPrefix: "tollbooth:sess", defaults: { idleTtlMs: 900_000 } },
      verifications: { keyPrefix: "tollbooth:verify", defaults: { valueTtlMs: 3_600_000 } },
    });
  });

  it("serves some stores while memory serves the others, from its block under stores", async () => {
    const { provider, seen } = fakeProvider(["redis", "node-redis"]);
    const document = {
      stores: { provider: "memory", "node-redis": { url: secretUrl }, verificationCache: { provider: "redis" } },
    };
    const stores = await loadStores(document, { providers: [provider] });
    expect(stores.describe()).toMatchObject({
      sessions: { provider: "memory", shared: false },
      verifications: { provider: "redis", shared: true, settings: { url: "***" } },
    });
    expect(Object.keys(seen.settings)).toEqual(["verifications"]);
    await stores.ping();
    await stores.check();
    expect(seen).toMatchObject({ pings: 1, checks: 1 });
    await stores.close();
    await stores.close();
    expect(seen.closed).toBe(1);
    await expect(stores.verifications.peek("k")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("may run more than one instance where it serves every store, and not where it does not", async () => {
    const { provider } = fakeProvider(["redis"]);
    const stores = { instances: 4, provider: "redis", redis: { url: secretUrl } };
    await loadStores({ stores }, { providers: [provider] });
    const partly = fakeProvider(["redis"], false, ["rateLimits"]);
    await expect(loadStores({ stores }, { providers: [partly.provider] })).rejects.toThrow(
      /not so here for rateLimits;/,
    );
    const mixed = { ...stores, sessions: { provider: "memory" } };
    await expect(loadStores({ stores: mixed }, { providers: [provider] })).rejects.toThrow(/not so here for sessions;/);
  });

  it("reports its own problems once, with those of nested blocks", async () => {
    const { provider } = fakeProvider(["redis"]);
    const document = { stores: { provider: "redis", redis: { ulr: "x", tls: { strict: "often", caFlie: "y" } } } };
    await expect(loadStores(document, { providers: [provider] })).rejects.toMatchObject({
      message: `The store configuration has 4 problems:
- stores.redis.url: is needed
- stores.redis.tls.strict: must be true or false
- stores.redis: unknown key "ulr"; did you mean "url"?
- stores.redis.tls: unknown key "caFlie"; did you mean "caFile"?`,
    });
  });

  it("finds nothing under a key that only every object has", async () => {
    const found: unknown[] = [];
    const { provider } = fakeProvider(["redis"]);
    const asking: StoreProvider = {
      names: ["asking"],
      read(blocks) {
        found.push(blocks.sessions?.options.has("constructor"), blocks.sessions?.options.text("toString"));
        return provider.read(blocks);
      },
    };
    await loadStores({ stores: { provider: "asking", asking: { url: "x" } } }, { providers: [asking] });
    expect(found).toEqual([false, undefined]);
  });

  it("refuses its block under two names", async () => {
    const { provider } = fakeProvider(["redis", "node-redis"]);
    const document = { stores: { provider: "redis", redis: { url: "a" }, "node-redis": { url: "b" } } };
    await expect(loadStores(document, { providers: [provider] })).rejects.toThrow(
      "stores.node-redis: is another name of redis; keep one of the two blocks",
    );
  });

  it("opens nothing where anything is wrong", async () => {
    const { provider, seen } = fakeProvider(["redis"]);
    const document = { stores: { provider: "redis", redis: { url: secretUrl }, keyPrefx: "x" } };
    await expect(loadStores(document, { providers: [provider] })).rejects.toMatchObject({ code: "STORE_CONFIG" });
    expect(seen.connections).toEqual([]);
  });

  it("is closed again where another one fails to open", async () => {
    const { provider, seen } = fakeProvider(["redis"]);
    const broken = fakeProvider(["broken"], true);
    const document = {
      stores: { provider: "redis", redis: { url: secretUrl }, sessions: { provider: "broken", url: "x" } },
    };
    await expect(loadStores(document, { providers: [provider, broken.provider] })).rejects.toThrow("cannot open");
    await expect.poll(() => seen.closed).toBe(1);
  });

  it("must open what it was asked for", async () => {
    const provider: StoreProvider = {
      names: ["idle"],
      read: () => ({
        isShared: () => true,
        open: () => ({ ping: async () => {}, check: async () => {}, close: async () => {} }),
      }),
    };
    await expect(loadStores({ stores: { provider: "idle" } }, { providers: [provider] })).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: "A registered provider did not open a store that it was asked for.",
    });
  });

  it("shares its names with no other, but may take the place of memory", async () => {
    const twice = [fakeProvider(["a", "b"]).provider, fakeProvider(["b"]).provider];
    await expect(loadStores({ stores: {} }, { providers: twice })).rejects.toMatchObject({ code: "STORE_CONFIG" });
    await loadStores({ stores: {} }, { providers: [memoryProvider()] });
  });
});
