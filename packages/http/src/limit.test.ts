// Limits, as a framework's middleware takes from them.
import { createMemoryStores, failOpen, rateLimiter, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { requireLimit, takeFromLimit } from "./limit.ts";

const { rateLimits } = createMemoryStores();
const few = rateLimiter(rateLimits, { name: "few", limit: 1, window: "1m" });
const many = rateLimiter(rateLimits, { name: "many", limit: 100, window: "1h" });

test("all limits of a request are told together, and the tightest leads", async () => {
  const request = {};
  await takeFromLimit(many, request, "together");
  const { headers, refused } = await takeFromLimit(few, request, "together");
  expect(refused).toBeUndefined();
  expect(headers).toEqual({
    "ratelimit-policy": '"many";q=100;w=3600, "few";q=1;w=60',
    ratelimit: '"many";r=99;t=3600, "few";r=0;t=60',
    "x-ratelimit-limit": "1",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "60",
  });
});

test("a denied request is 429, with Retry-After and all headers", async () => {
  await takeFromLimit(few, {}, "denied");
  const request = {};
  await takeFromLimit(many, request, "denied");
  const { refused } = await takeFromLimit(few, request, "denied");
  expect(refused?.status).toBe(429);
  expect(refused?.headers).toMatchObject({
    "retry-after": "60",
    "x-ratelimit-limit": "1",
    "cache-control": "no-store",
  });
  expect(refused?.headers.ratelimit).toContain('"many"');
});

test.each([undefined, "", "x".repeat(1_025)])(
  "a request without a usable key is 400, and takes nothing",
  async (key) => {
    let asked = 0;
    const counting: typeof few = async (...call) => {
      asked += 1;
      return few(...call);
    };
    const { refused } = await takeFromLimit(counting, {}, key);
    expect([refused?.status, asked]).toEqual([400, 0]);
  },
);

const away = new StoreError("STORE_UNAVAILABLE", "Away.", { outcome: "unknown" });
const broken = { ...rateLimits, consume: () => Promise.reject(away) };

test("a store that is away is 503 with Retry-After, and admits only through failOpen", async () => {
  const closed = await takeFromLimit(rateLimiter(broken, { name: "a", limit: 1, window: 1_000 }), {}, "me");
  expect([closed.refused?.status, closed.refused?.headers["retry-after"]]).toEqual([503, "1"]);
  const open = await takeFromLimit(rateLimiter(failOpen(broken), { name: "a", limit: 1, window: 1_000 }), {}, "me");
  expect(open.refused).toBeUndefined();
});

test("a limiter's mistake is thrown", async () => {
  const mistaken: typeof few = () => Promise.reject(new StoreError("STORE_INVALID_ARGUMENT", "No."));
  await expect(takeFromLimit(mistaken, {}, "me")).rejects.toThrow("No.");
});

test("a middleware without a rule, or without what names its clients, is a wrong option", () => {
  expect(() => requireLimit(few, () => "me")).not.toThrow();
  for (const [rule, keyOf] of [
    [few, undefined],
    [undefined, () => "me"],
  ] as const) {
    expect(() => requireLimit(rule, keyOf)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
  }
});
