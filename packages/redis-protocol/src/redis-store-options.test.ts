// What a Redis store makes of its options. Which ones are refused is tested with the factories.
import { expect, test } from "vitest";
import { createRedisStores, type RedisPort } from "./index.ts";
import { resolveRedisOptions } from "./redis-store-options.ts";

test("what is left out has its default", () => {
  expect(resolveRedisOptions({})).toEqual({
    ...{ commandTimeoutMs: 500, connectTimeoutMs: 5_000, coalesce: true, denyCacheMaxMs: 1_000, ttlJitter: 0.1 },
    clock: undefined,
  });
});

test("what is given counts, from the least to the most", () => {
  const least = { commandTimeoutMs: 1, connectTimeoutMs: 1, coalesce: false, denyCacheMaxMs: 0, ttlJitter: 0 };
  const most = { commandTimeoutMs: 2 ** 31 - 1, connectTimeoutMs: 2 ** 31 - 1, denyCacheMaxMs: 60_000, ttlJitter: 0.5 };
  for (const given of [
    { ...least, clock: Date },
    { ...most, coalesce: true, clock: undefined },
  ]) {
    expect(resolveRedisOptions(given)).toEqual(given);
  }
});

test("stores over a port of one's own refuse a misspelt option, too", () => {
  const port: RedisPort = {
    ...{ name: "mine", cluster: false },
    ready: async () => {},
    evalSha: async () => undefined,
    eval: async () => undefined,
    async *scan() {},
    close: async () => {},
  };
  const misspelt = { comandTimeoutMs: 5, coalesce: true };
  expect(() => createRedisStores(port, misspelt)).toThrow('did you mean "commandTimeoutMs"?');
});
