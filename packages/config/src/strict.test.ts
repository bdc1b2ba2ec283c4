// strict: stores that are not safe for payments do not start; otherwise the connection channel tells it once.
import { type RedisOptions, startNetProxy, startReplica } from "@tollbooth-stores/redis-testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadStores } from "./load-stores.ts";
import { good, open, started, unsafe } from "./strict.test-support.ts";

const evicting: RedisOptions = { ...good, config: ["appendonly yes", "maxmemory-policy allkeys-lru"] };

async function startPair() {
  const open = { ...good, requirepass: undefined };
  const primary = await started(open);
  const replica = await startReplica(primary, open);
  onTestFinished(() => replica.stop());
  return [primary, replica] as const;
}

describe.each(["redis", "ioredis"])("on %s", (provider) => {
  const block = (url: string) => ({ provider, [provider]: { url } });

  it("strict refuses a server that evicts, says all that is wrong, and leaves no connection", async () => {
    const redis = await started({ ...evicting, config: ["appendonly no", "maxmemory-policy allkeys-lru"] });
    await expect(open({ strict: true, ...block(redis.url) })).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringMatching(
        /^strict: .*\n {2}eviction .*allkeys-lru(?:.|\n)*\n {2}persistence .*Nothing is written/,
      ),
    });
    await expect
      .poll(async () =>
        String(await redis.command("CLIENT", "LIST", "TYPE", "normal"))
          .trim()
          .split("\n"),
      )
      .toHaveLength(1);
  });

  it("strict takes a server that is set up for payments", async () => {
    const redis = await started(good);
    const stores = await open({ strict: true, ...block(redis.url) });
    await stores.check();
  });

  it("strict takes a server of this machine that wants no password and does not tell its settings", async () => {
    const redis = await started({ maxmemory: "64mb", config: ["appendonly yes", 'rename-command CONFIG ""'] });
    const stores = await open({ strict: true, ...block(redis.url) });
    await stores.check();
  });

  it("strict refuses a server whose restart forgets: its default user may not write", async () => {
    const config = ["appendonly yes", "user default on >secret ~* &* +@all -set"];
    const redis = await started({ ...good, config, users: { app: "on >app ~* &* +@all" } });
    const starts = open({ strict: true, ...block(`redis://app:app@${redis.host}:${redis.port}`) });
    // Redis 6.2 and 8 and Valkey 9 load what they wrote whatever that user may do. Valkey calls itself a Redis 7, too.
    const info = String(await redis.command("INFO", "server"));
    if (!/redis_version:7/.test(info) || /valkey_version:9/.test(info)) return void (await starts);
    await expect(starts).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringMatching(/users .*At a restart/),
    });
  });

  it("strict tells what it does not refuse", async () => {
    const told = unsafe();
    const redis = await started({ config: good.config });
    await open({ strict: true, ...block(redis.url) });
    expect(told).toContainEqual(expect.stringMatching(/^memory: /));
  });

  it("strict says that a server that does not answer may be tried again", async () => {
    const away = { provider, [provider]: { url: "redis://127.0.0.1:1", connectTimeoutMs: 300 } };
    const began = performance.now();
    await expect(open({ strict: true, ...away })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not-applied",
      message: expect.stringMatching(
        /Try again\.\n {2}reachable \(127\.0\.0\.1:1\): There is no connection within 300 ms.*ECONNREFUSED/,
      ),
    });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("strict refuses a user that may run no script, or lacks a command of the stores'", async () => {
    const redis = await started(good);
    const url = `redis://app:app@${redis.host}:${redis.port}`;
    for (const [rules, missing] of [
      [["+@all", "-evalsha"], /rights .*may not run EVALSHA/],
      [["+@all", "-incrby", "-acl"], /rights .*: incrby\. /],
    ] as const) {
      await redis.command("ACL", "SETUSER", "app", "reset", "on", ">app", "~*", ...rules);
      await expect(open({ strict: true, ...block(url) })).rejects.toMatchObject({
        code: "STORE_CONFIG",
        message: expect.stringMatching(missing),
      });
    }
  });

  it("strict refuses a primary whose replica evicts: a failover makes it the primary", async () => {
    const [redis, replica] = await startPair();
    await open({ strict: true, ...block(redis.url) });
    await replica.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await expect(open({ strict: true, ...block(redis.url) })).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringMatching(new RegExp(`\n {2}eviction \\(127.0.0.1:${replica.port}\\).*allkeys-lru`)),
    });
  });

  it("strict refuses a server that is farther away than a call may take", async () => {
    const redis = await started(good);
    const proxy = await startNetProxy(redis);
    onTestFinished(() => proxy.close());
    proxy.delay(60);
    const url = redis.url.replace(/:\d+$/, `:${proxy.port}`);
    const settings = { provider, [provider]: { url }, rateLimits: { url, commandTimeoutMs: 40 } };
    await expect(open({ strict: true, ...settings })).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringMatching(/round trip .*40 ms \(commandTimeoutMs\)/),
    });
  });

  it("strict says of a server whose writes are paused that it may be tried again", async () => {
    const redis = await started(good);
    await redis.command("CLIENT", "PAUSE", "60000", "WRITE");
    await expect(open({ strict: true, ...block(redis.url) })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/writes are paused/),
    });
  });

  it("strict refuses a server that takes no write, also where it tells nothing of itself", async () => {
    const config = ["INFO", "CONFIG", "ACL", "CLUSTER"].map((command) => `rename-command ${command} ""`);
    const redis = await started({ ...good, config: [...config, "min-replicas-to-write 1"] });
    await expect(open({ strict: true, ...block(redis.url) })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/min-replicas-to-write/),
    });
  });

  it("tells what becomes unsafe after a strict start: another server behind the same name", async () => {
    const told = unsafe();
    const [redis, other] = [
      await started(good),
      await started({ ...evicting, config: ["maxmemory-policy allkeys-lru"] }),
    ];
    const proxy = await startNetProxy(redis);
    onTestFinished(() => proxy.close());
    const stores = await open({ strict: true, ...block(redis.url.replace(/:\d+$/, `:${proxy.port}`)) });
    expect(told).toEqual([]);
    proxy.retarget(other);
    proxy.cut();
    await expect
      .poll(() => told.join("\n"), { timeout: 5_000 })
      .toMatch(/eviction: .*allkeys-lru(?:.|\n)*persistence: /);
    await stores.check();
  });

  it("without strict they start at once, and the channel tells it once a process, with what mends it", async () => {
    const told = unsafe();
    const redis = await started(evicting);
    const evictions = () => told.filter((reason) => reason.startsWith("eviction: "));
    const stores = await open(block(redis.url));
    await stores.ping();
    await expect.poll(evictions).toEqual([expect.stringMatching(/Mend: CONFIG SET maxmemory-policy noeviction/)]);
    const more = await open(block(redis.url));
    await more.ping();
    const asked = () => redis.command("INFO", "commandstats");
    // Both were examined.
    await expect.poll(async () => Number(/cmdstat_cluster\|?\w*:calls=(\d+)/.exec(String(await asked()))?.[1])).toBe(2);
    await more.examine();
    expect(evictions()).toHaveLength(1);
    expect(told.join()).not.toMatch(/secret/);
  });

  it("strict takes a server that tells nothing of itself: what is not known is no error", async () => {
    const config = ["INFO", "CONFIG", "ACL", "CLUSTER"].map((command) => `rename-command ${command} ""`);
    const redis = await started({ ...good, config });
    const stores = await open({ strict: true, ...block(redis.url) });
    await stores.check();
    expect((await stores.examine()).filter(({ level }) => level === "error")).toEqual([]);
  });

  it("without strict nothing waits for a server that is away, and closing meanwhile leaves nothing behind", async () => {
    unsafe();
    const began = performance.now();
    const stores = await open(block("redis://127.0.0.1:1"));
    await stores.close();
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

it("strict says that the configuration is wrong where one server evicts and another is away", async () => {
  const redis = await started(evicting);
  const away = { url: "redis://127.0.0.1:1", connectTimeoutMs: 300 };
  const both = { provider: "ioredis", ioredis: { url: redis.url }, rateLimits: away };
  await expect(open({ strict: true, ...both })).rejects.toMatchObject({
    code: "STORE_CONFIG",
    message: expect.stringMatching(/reachable(?:.|\n)*eviction|eviction(?:.|\n)*reachable/),
  });
});

it("strict refuses payments and sessions in memory", async () => {
  await expect(open({ strict: true })).rejects.toMatchObject({
    code: "STORE_CONFIG",
    message: expect.stringMatching(/strict: .*\n {2}sharing.*one process's own/),
  });
});

it("strict asked for in code refuses memory, too", async () => {
  await expect(loadStores({ stores: {} }, { env: {}, strict: true })).rejects.toMatchObject({
    code: "STORE_CONFIG",
    message: expect.stringMatching(/strict: .*\n {2}sharing/),
  });
});

it("asks a server that is not strict nothing where the channel has no subscriber", async () => {
  const redis = await started(evicting);
  const stores = await open({ provider: "ioredis", ioredis: { url: redis.url } });
  await stores.ping();
  expect(String(await redis.command("INFO", "commandstats"))).not.toMatch(/cmdstat_config/);
});
