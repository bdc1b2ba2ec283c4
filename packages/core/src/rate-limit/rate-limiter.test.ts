// The façade: what it asks of the store, what it adds, what it refuses at once.
import { expect, it } from "vitest";
import { manualClock, mapPort } from "../testing.ts";
import { createRateLimitStore } from "./create-rate-limit-store.ts";
import { failOpen } from "./fail-open.ts";
import type { RateLimitStore } from "./rate-limit-store.ts";
import { type RateLimitRule, rateLimiter } from "./rate-limiter.ts";
import { withFallback } from "./with-fallback.ts";

const storeAt = () => {
  const clock = manualClock();
  const port = mapPort(clock);
  return { clock, port, store: createRateLimitStore(port) };
};

it("admits up to the limit, then denies, each answer with its headers", async () => {
  const limit = rateLimiter(storeAt().store, { name: "search", limit: 2, window: "1m" });
  expect(await limit("alice")).toMatchObject({
    allowed: true,
    remaining: 1,
    headers: { RateLimit: '"search";r=1;t=60', "RateLimit-Policy": '"search";q=2;w=60' },
  });
  await limit("alice");
  const denied = await limit("alice");
  expect(denied).toMatchObject({ allowed: false, headers: { "Retry-After": "60", "X-RateLimit-Remaining": "0" } });
  expect((await limit("bob")).allowed).toBe(true);
});

it("takes a cost, and passes the signal on", async () => {
  const limit = rateLimiter(storeAt().store, { name: "search", limit: 5, window: 1_000 });
  expect((await limit("alice", { cost: 4 })).remaining).toBe(1);
  expect((await limit("alice", { cost: 2 })).allowed).toBe(false);
  const reason = new Error("gone");
  await expect(limit("alice", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

it("uses the client's own fixed window by default, and any algorithm asked for", async () => {
  const { port, store } = storeAt();
  await rateLimiter(store, { name: "a", limit: 1, window: "1s" })("c");
  await rateLimiter(store, { name: "a", limit: 1, window: "1s", algorithm: "sliding-window" })("c");
  const bucket = rateLimiter(store, { name: "a", limit: 1, window: "1s", algorithm: "token-bucket", burst: 3 });
  expect(await bucket("c")).toMatchObject({ limit: 1, remaining: 2 });
  expect([...port.records.keys()].map((key) => key.slice(-6))).toEqual(["fw1000", "sw1000", "tb1000"]);
});

it("takes the store's default window, and tells it in the headers", async () => {
  const port = mapPort();
  const store = createRateLimitStore(port, { defaults: { windowMs: 90_000 } });
  const limit = rateLimiter(store, { name: "search", limit: 2 });
  expect(await limit("alice")).toMatchObject({ headers: { "RateLimit-Policy": '"search";q=2;w=90' } });
  const shorter = rateLimiter(store, { name: "search", limit: 2, window: "1s" });
  expect(await shorter("alice")).toMatchObject({ headers: { "RateLimit-Policy": '"search";q=2;w=1' } });
  expect([...port.records.keys()].map((key) => key.split(":").at(-1))).toEqual(["fw90000", "fw1000"]);
});

it.each([
  ["failOpen", (store: RateLimitStore) => failOpen(store)],
  ["withFallback", (store: RateLimitStore) => withFallback(store, storeAt().store)],
])("takes the default window of a store behind %s", async (_, wrap) => {
  const store = createRateLimitStore(mapPort(), { defaults: { windowMs: 90_000 } });
  const { headers } = await rateLimiter(wrap(store), { name: "search", limit: 2 })("alice");
  expect(headers["RateLimit-Policy"]).toBe('"search";q=2;w=90');
});

it("refuses to be made where neither the rule nor the store has a window", () => {
  expect(() => rateLimiter(storeAt().store, { name: "search", limit: 1 })).toThrow(
    expect.objectContaining({
      code: "STORE_INVALID_ARGUMENT",
      message: "window is missing; give it, or give the store defaults.windowMs.",
    }),
  );
});

it.each<[string, Partial<RateLimitRule>]>([
  ["an empty name", { name: "" }],
  ["a negative limit", { limit: -1 }],
  ["a window of zero", { window: 0 }],
  ["a window in no unit", { window: "60" }],
  ["a burst without a token bucket", { burst: 5 }],
  ["a burst that is no whole number", { algorithm: "token-bucket", burst: 0.5 }],
  ["a limit beyond what the algorithm counts", { algorithm: "token-bucket", limit: 11, window: 1 }],
])("refuses %s when it is made", (_, change) => {
  const { store } = storeAt();
  expect(() => rateLimiter(store, { name: "search", limit: 1, window: "1m", ...change })).toThrow(
    expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" }),
  );
});
