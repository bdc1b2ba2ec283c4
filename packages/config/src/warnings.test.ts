// What is allowed and yet said: TTLs outside the document's ranges, and shared stores without a keySecret.
import { expect, it, vi } from "vitest";
import { loadStores } from "./load-stores.ts";

async function warnings(
  rateLimits: unknown,
  sessions: unknown,
  verificationCache: unknown,
): Promise<readonly string[]> {
  const heard: string[] = [];
  const document = {
    stores: {
      rateLimits: { ttlSeconds: rateLimits },
      sessions: { ttlSeconds: sessions },
      verificationCache: { ttlSeconds: verificationCache },
    },
  };
  const stores = await loadStores(document, { env: {}, onWarning: (message) => void heard.push(message) });
  expect(stores.describe().warnings).toEqual(heard);
  return heard;
}

it.each([
  [30, 300, 600],
  [120, 1_800, 86_400],
  ["2m", "30m", "24h"],
  [undefined, undefined, undefined],
])("says nothing of %j, %j and %j", async (limits, sessions, verifications) => {
  expect(await warnings(limits, sessions, verifications)).toEqual([]);
});

it.each([
  [29, 299, 599],
  [121, 1_801, 86_401],
  ["1s", "31m", "2d"],
])("warns of %j, %j and %j, and takes them", async (limits, sessions, verifications) => {
  expect(await warnings(limits, sessions, verifications)).toEqual([
    "stores.rateLimits.ttlSeconds: is outside the 30 to 120 seconds that are usual for rate limits",
    "stores.sessions.ttlSeconds: is outside the 5 to 30 minutes that are usual for sessions",
    "stores.verificationCache.ttlSeconds: is outside the 10 minutes to 24 hours that are usual for verifications",
  ]);
});

it("says what a TTL looks like that is a thousand times as long as usual", async () => {
  const told = await warnings(60_000, 900_000, 3_600_000);
  expect(told.map((message) => /; it counts seconds, and looks like milliseconds$/.test(message))).toEqual([
    true,
    true,
    true,
  ]);
});

it("goes to process.emitWarning where no listener is given", async () => {
  const emit = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  await loadStores({ stores: { sessions: { ttlSeconds: 1 } } }, { env: {} });
  expect(emit.mock.calls).toEqual([
    [
      "stores.sessions.ttlSeconds: is outside the 5 to 30 minutes that are usual for sessions",
      { type: "TollboothStoresWarning" },
    ],
  ]);
  emit.mockRestore();
});

it("lets a listener refuse, before anything is opened", async () => {
  const onWarning = (message: string) => {
    throw new Error(`not here: ${message}`);
  };
  await expect(loadStores({ stores: { sessions: { ttlSeconds: 1 } } }, { env: {}, onWarning })).rejects.toThrow(
    "not here: stores.sessions.ttlSeconds",
  );
});

it.each([
  ["shared", {}, 1],
  ["shared", { keySecret: "long and random" }, 0],
  ["of one process", {}, 0],
])("stores that are %s, with %j, are warned of %d times", async (kind, secret, times) => {
  const heard: string[] = [];
  const redis = kind === "shared" ? { provider: "ioredis", redis: { url: "redis://127.0.0.1:1" } } : {};
  const onWarning = (message: string) => void heard.push(message);
  const stores = await loadStores({ stores: { ...redis, ...secret } }, { env: {}, onWarning });
  await stores.close();
  expect(heard).toEqual(
    Array(times).fill(expect.stringMatching(/^stores\.keySecret: is not given: others who can read/)),
  );
});
