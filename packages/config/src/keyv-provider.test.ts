// Provider keyv: an adapter from code, one instance, and what the document may say of it.
import type { KeyvLike as KeyvOfProvider } from "@tollbooth-stores/keyv";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { KeyvLike } from "./keyv-provider.ts";
import { loadStores } from "./load-stores.ts";

describe("provider keyv", () => {
  it("takes the adapters that @tollbooth-stores/keyv takes", () => {
    expectTypeOf<KeyvLike>().toEqualTypeOf<KeyvOfProvider>();
  });

  it("keeps all three stores in the adapter that code hands over, and leaves it open", async () => {
    const keyv = new Map<string, unknown>();
    const document = { stores: { provider: "keyv", keyv: { keyPrefix: "pay", durable: true } } };
    const stores = await loadStores(document, { env: {}, keyv });
    const { record } = await stores.sessions.create({ data: "mine", idleTtlMs: 60_000 });
    expect((await stores.sessions.get(record.id))?.data).toBe("mine");
    expect([...keyv.keys()].some((key) => key.includes("pay:sess"))).toBe(true);
    expect(stores.sessions.capabilities).toEqual({ shared: false, atomic: false, durable: true });
    expect((await stores.ping()).latencyMs).toBeGreaterThanOrEqual(0);
    expect(stores.describe().sessions).toEqual({
      provider: "keyv",
      shared: false,
      settings: { durable: true, keyPrefix: "pay:sess" },
    });
    await stores.close();
    await expect(stores.sessions.get(record.id)).rejects.toMatchObject({ code: "STORE_CLOSED" });

    await using again = await loadStores(document, { env: {}, keyv });
    expect((await again.sessions.get(record.id))?.data).toBe("mine");
  });

  it("serves one store while memory serves the others", async () => {
    const keyv = new Map<string, unknown>();
    await using stores = await loadStores({ stores: { sessions: { provider: "keyv" } } }, { env: {}, keyv });
    expect(stores.describe()).toMatchObject({ sessions: { provider: "keyv" }, rateLimits: { provider: "memory" } });
  });

  it("is refused for several instances, in plain words", async () => {
    const stores = { provider: "keyv", instances: 2 };
    await expect(loadStores({ stores }, { env: {}, keyv: new Map() })).rejects.toThrow(
      "several instances must share their state and change it atomically, which is not so here for rateLimits, sessions, verificationCache; choose redis or ioredis",
    );
  });

  it("refuses one prefix for two stores: they share the adapter", async () => {
    const stores = { provider: "keyv", sessions: { keyPrefix: "a" }, verificationCache: { keyPrefix: "a" } };
    await expect(loadStores({ stores }, { env: {}, keyv: new Map() })).rejects.toThrow(
      "stores.verificationCache.keyPrefix: is that of sessions",
    );
  });
});
