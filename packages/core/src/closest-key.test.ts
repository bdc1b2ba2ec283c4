// Suggestions.
import { expect, it } from "vitest";
import { closestKey } from "./closest-key.ts";

const known = ["url", "host", "port", "password", "keyPrefix", "keySecret", "maxEntries", "redis", "ioredis"];

it.each([
  ["ulr", "url"],
  ["uri", "url"],
  ["redsi", "redis"],
  ["Redis", "redis"],
  ["ioredsi", "ioredis"],
  ["keyprefix", "keyPrefix"],
  ["keyPrefx", "keyPrefix"],
  ["max_entries", "maxEntries"],
  ["pasword", "password"],
  ["hots", "host"],
])("suggests for %s: %s", (key, expected) => {
  expect(closestKey(key, known)).toBe(expected);
});

it.each(["", "x", "completelyDifferent", "urlurlurl", `keyPrefix${"x".repeat(60)}`])(
  "suggests nothing for %j",
  (key) => {
    expect(closestKey(key, known)).toBeUndefined();
  },
);

it("prefers the nearest, and among equals the first", () => {
  expect(closestKey("abcd", ["abxx", "abcx", "abxd"])).toBe("abcx");
});
