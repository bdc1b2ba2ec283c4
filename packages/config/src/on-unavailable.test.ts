// onUnavailable: what rate limits answer while their store cannot be reached, and that payments never fail open.
import { describe, expect, it } from "vitest";
import { loadStores } from "./load-stores.ts";
import { fakeClient } from "./redis/fake-client.test-support.ts";

const check = { route: "r", client: "c", policy: { algorithm: "fixed-window" as const, limit: 2 } };

/** Stores whose Redis answers every call with an error. */
async function inOutage(onUnavailable: string | undefined) {
  const client = fakeClient();
  const heard: string[] = [];
  const stores = await loadStores(
    {
      stores: {
        instances: 3,
        provider: "redis",
        redis: { host: "a.test" },
        rateLimits: { ttlSeconds: 60, onUnavailable },
      },
    },
    { env: {}, providers: [client.provider], onFallback: (error) => void heard.push(error.code) },
  );
  return { stores, heard, client };
}

describe("onUnavailable", () => {
  it.each([undefined, "deny"])("%s: the call fails, and says that the store is unavailable", async (wanted) => {
    const { stores, heard } = await inOutage(wanted);
    await expect(stores.rateLimits.consume(check)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(heard).toEqual([]);
  });

  it("allow: every client is admitted, and it is heard of", async () => {
    const { stores, heard } = await inOutage("allow");
    for (let call = 0; call < 5; call += 1) {
      expect(await stores.rateLimits.consume(check)).toMatchObject({ allowed: true, source: "fallback" });
    }
    expect(heard).toEqual(Array(5).fill("STORE_UNAVAILABLE"));
  });

  it("memory: this instance limits for itself, with the store's default window", async () => {
    const { stores, heard } = await inOutage("memory");
    const decisions = [];
    for (let call = 0; call < 3; call += 1) decisions.push(await stores.rateLimits.consume(check));
    expect(decisions.map(({ allowed, source }) => [allowed, source])).toEqual([
      [true, "fallback"],
      [true, "fallback"],
      [false, "fallback"],
    ]);
    expect(decisions[2]?.retryAfterMs).toBeGreaterThan(55_000);
    expect(heard).toHaveLength(3);
  });

  it.each(["allow", "memory"])("%s leaves sessions and payments closed", async (wanted) => {
    const { stores } = await inOutage(wanted);
    await expect(stores.sessions.get("id")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(stores.verifications.peek("key")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("memory counts as shared where instances are counted: the store behind it is", async () => {
    const { stores } = await inOutage("memory");
    expect(stores.describe().rateLimits).toMatchObject({ shared: true, settings: { onUnavailable: "memory" } });
    // What holds in an outage, for code that asks the store itself.
    expect(stores.rateLimits.capabilities.shared).toBe(false);
  });

  it("closes the store and its stand-in once", async () => {
    const { stores, client } = await inOutage("memory");
    await stores.close();
    expect(client.closed).toBe(1);
    await expect(stores.rateLimits.consume(check)).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});
