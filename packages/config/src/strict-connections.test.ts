// strict where a server is not reached or refuses the login: what stops a start, what may be tried again, and which server it was.
import { describe, expect, it } from "vitest";
import { good, open, started, unsafe } from "./strict.test-support.ts";

describe.each(["redis", "ioredis"])("on %s", (provider) => {
  const block = (url: string) => ({ provider, [provider]: { url } });

  it.each([
    ["memory", "127.0.0.1:3"],
    ["allow", "127.0.0.1:4"],
  ])("strict starts without the Redis of rate limits that have the fallback %s", async (onUnavailable, server) => {
    const told = unsafe();
    const redis = await started(good);
    const rateLimits = { url: `redis://${server}`, connectTimeoutMs: 300, onUnavailable };
    const stores = await open({ strict: true, ...block(redis.url), rateLimits });
    await stores.check();
    await stores.ping();
    expect(told).toContainEqual(expect.stringMatching(/^reachable: .* `onUnavailable` .*ECONNREFUSED/));
    expect(told.join("\n")).not.toMatch(/nothing is sold/);
    expect((await stores.examine()).filter(({ check }) => check === "reachable")).toMatchObject([
      { level: "warning", server, stores: ["rateLimits"] },
      { level: "ok" },
    ]);
  });

  it("strict refuses a start without the Redis of rate limits that have no fallback, or of payments", async () => {
    const redis = await started(good);
    const away = { url: "redis://127.0.0.1:1", connectTimeoutMs: 300 };
    const limitsAway = { ...block(redis.url), rateLimits: away };
    const paymentsAway = { ...block(redis.url), rateLimits: { onUnavailable: "memory" }, verificationCache: away };
    for (const settings of [limitsAway, paymentsAway]) {
      await expect(open({ strict: true, ...settings })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      const stores = await open(settings);
      await expect(stores.check()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await expect(stores.ping()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    }
  });

  it("strict says where a login is refused that the configuration is wrong, and where", async () => {
    const redis = await started(good);
    const address = `127.0.0.1:${redis.port}`;
    for (const [login, mend] of [
      [":wrong@", "Redis refused the username or password"],
      ["", "Redis asks for authentication"],
    ]) {
      const settings = block(`redis://${login}${address}`);
      await expect(open({ strict: true, ...settings })).rejects.toMatchObject({
        code: "STORE_CONFIG",
        message: expect.stringMatching(
          new RegExp(`reachable \\(${address}\\): The connection is refused\\. .*${mend}`),
        ),
      });
    }
  });

  it("strict names every address that it tried: sentinels, and the first nodes of a cluster", async () => {
    const nodes = "127.0.0.1:1,127.0.0.1:2";
    const connections = [{ sentinel: { name: "payments", nodes } }, { cluster: nodes }];
    for (const connection of connections) {
      const settings = { provider, [provider]: { ...connection, password: "hunter2", connectTimeoutMs: 300 } };
      const refused: unknown = await open({ strict: true, ...settings }).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: expect.stringMatching(/ to any of 127\.0\.0\.1:1, 127\.0\.0\.1:2/),
      });
      expect(String(refused)).not.toMatch(/hunter2/);
    }
  });
});
