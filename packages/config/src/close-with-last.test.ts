// Loaded stores that are closed one by one: what they share, and what watches them, ends with the last one.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connectionChannel, type Stores } from "@tollbooth-stores/core";
import { expect, it, onTestFinished, vi } from "vitest";
import { loadStores } from "./load-stores.ts";
import { memoryProvider } from "./memory-provider.ts";
import type { StoreProvider } from "./store-provider.ts";

/** Loaded stores of a provider that counts how often it is examined, and closed. */
async function loaded() {
  const seen = { asked: 0, closed: 0 };
  const provider: StoreProvider = {
    names: ["counting"],
    read(blocks) {
      const memory = memoryProvider().read(blocks);
      return {
        ...memory,
        async open<T>() {
          const examine = async () => {
            seen.asked += 1;
            return [];
          };
          const close = async () => {
            seen.closed += 1;
          };
          return { ...(await memory.open<T>()), examine, close };
        },
      };
    },
  };
  const stores = await loadStores({ stores: { provider: "counting" } }, { env: {}, providers: [provider] });
  return { seen, stores };
}

const ways: readonly (readonly [string, (stores: Stores) => Promise<unknown>])[] = [
  [
    "one by one",
    async ({ sessions, verifications, rateLimits }) => {
      for (const store of [sessions, verifications, rateLimits]) await store.close();
    },
  ],
  [
    "one by one at the same time, and then together",
    async (stores) => {
      await Promise.all([stores.rateLimits.close(), stores.sessions.close(), stores.verifications.close()]);
      await stores.close();
    },
  ],
  [
    "by `await using` of each",
    async ({ sessions, verifications, rateLimits }) => {
      for (const store of [sessions, verifications, rateLimits]) await store[Symbol.asyncDispose]();
    },
  ],
  ["together", (stores) => stores.close()],
];

it.each(ways)("closed %s, they are examined no more, and what they share is closed once", async (_, close) => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const hear = () => {};
  subscribe(connectionChannel, hear);
  onTestFinished(() => void unsubscribe(connectionChannel, hear));
  const { seen, stores } = await loaded();
  await stores.sessions.close();
  await vi.advanceTimersByTimeAsync(301_000);
  expect(seen).toEqual({ asked: 2, closed: 0 });
  await close(stores);
  await vi.advanceTimersByTimeAsync(900_000);
  expect(seen).toEqual({ asked: 2, closed: 1 });
});
