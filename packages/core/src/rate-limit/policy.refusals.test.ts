// A refused check says which option mends it.
import { describe, expect, it } from "vitest";
import { mapPort } from "../testing.ts";
import { createRateLimitStore } from "./create-rate-limit-store.ts";
import { limitOf } from "./policy.ts";
import type { RateLimitCheck } from "./rate-limit-store.ts";
import { rateLimiter } from "./rate-limiter.ts";

const fixed = { algorithm: "fixed-window", limit: 1, windowMs: 1_000 };
const bucket = { algorithm: "token-bucket", limit: 1, windowMs: 1_000 };

/** A check as callers without types may write it. */
const loose = (check: unknown): RateLimitCheck => {
  const holder: { check: RateLimitCheck } = JSON.parse(JSON.stringify({ check }));
  return holder.check;
};
const checkWith = (policy: object, more: object = {}) => loose({ route: "r", client: "c", policy, ...more });

describe("limitOf says", () => {
  it.each<[string, unknown, RegExp]>([
    ["what a check needs: null", null, /^A check needs route, client and policy\.$/],
    ["what a check needs: text", "check", /^A check needs route/],
    ["what a check needs: no policy", { route: "r", client: "c" }, /^A check needs route/],
    ["what a check needs: a null policy", { route: "r", client: "c", policy: null }, /^A check needs route/],
    ["that route is text", { route: 1, client: "c", policy: fixed }, /^A check's route and client must be strings/],
    ["that client is text", { route: "r", client: 1, policy: fixed }, /^A check's route and client must be strings/],
    ["that cost is a count", checkWith(fixed, { cost: -1 }), /^cost must be a whole number, 0 or more/],
    ["that cost is a number", checkWith(fixed, { cost: "1" }), /^cost must be a whole number/],
    ["that limit is a count", checkWith({ ...fixed, limit: 0.5 }), /^policy\.limit must be a whole number/],
    ["that burst is a count", checkWith({ ...bucket, burst: -1 }), /^policy\.burst must be a whole number/],
    [
      "where a window may come from",
      checkWith({ algorithm: "fixed-window", limit: 1 }),
      /^policy\.windowMs is missing; give it, or give the store defaults\.windowMs/,
    ],
    ["that a window is a duration", checkWith({ ...fixed, windowMs: 0 }), /^policy\.windowMs must be a whole number/],
    [
      "how much can be counted",
      checkWith({ ...fixed, limit: 2 ** 52 }),
      /^policy\.limit is too large to count exactly/,
    ],
    [
      "what a sliding window can hold",
      checkWith({ algorithm: "sliding-window", limit: 2 ** 43, windowMs: 2 ** 9 }),
      /^policy\.limit times policy\.windowMs must stay below 2\^52 .* use a fixed window/,
    ],
    ["how fast a bucket fills", checkWith({ ...bucket, limit: 10_001 }), /^policy\.limit must be at most 10 per milli/],
    ["how large a bucket is", checkWith({ ...bucket, burst: 2 ** 40 }), /^policy\.burst is too large: .* 100 years/],
    [
      "which algorithms there are",
      checkWith({ ...fixed, algorithm: "leaky" }),
      /^policy\.algorithm must be "fixed-window", "sliding-window" or "token-bucket"/,
    ],
  ])("%s", (_title, check, message) => {
    expect(() => limitOf(loose(check), undefined)).toThrow(expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" }));
    expect(() => limitOf(loose(check), undefined)).toThrow(message);
  });
});

describe("the store says", () => {
  const store = createRateLimitStore(mapPort());
  const check = checkWith(fixed);
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["whose receipt it takes", () => store.refund(check, "tb:1:1"), /^receipt is none of this policy's/],
    [
      "that a receipt is text",
      () => store.refund(check, JSON.parse("[7]")),
      /^receipt is none of this policy's; pass the receipt of a decision/,
    ],
    ["that a block has a duration", () => store.block(check, 0), /^durationMs must be a whole number/],
    ["that consumeAll takes a list", () => store.consumeAll(JSON.parse("{}")), /^consumeAll takes a list of checks/],
  ])("%s", async (_title, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

describe("rateLimiter says", () => {
  const store = createRateLimitStore(mapPort());
  it.each([
    [
      "that window is a duration",
      { name: "n", limit: 1, window: "soon" },
      /^window must be milliseconds or a duration/,
    ],
    [
      "that burst needs a bucket",
      { name: "n", limit: 1, window: 1, burst: 2 },
      /^burst is for algorithm "token-bucket"/,
    ],
    ["that name is not empty", { name: "", limit: 1, window: 1 }, /^name must be a string that is not empty/],
    ["that name is text", JSON.parse('{"name":7,"limit":1,"window":1}'), /^name must be a string that is not empty/],
  ])("%s", (_title, rule, message) => {
    expect(() => rateLimiter(store, rule)).toThrow(message);
  });

  it.each<[string, readonly unknown[], RegExp]>([
    ["that it needs a store", [{ name: "n", limit: 1, window: 1 }], /^rateLimiter\(\): store must be a RateLimitStore/],
    ["that nothing is no store", [], /^rateLimiter\(\): store must be a RateLimitStore/],
    ["that it needs a rule", [store], /^rateLimiter\(\): The options must be an object/],
    ["which option is misspelt", [store, { name: "n", limit: 1, windows: 1 }], /^rateLimiter\(\):.*"window"/],
  ])("%s", (_title, given, message) => {
    expect(() => Reflect.apply(rateLimiter, undefined, given)).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringMatching(message) }),
    );
  });
});
