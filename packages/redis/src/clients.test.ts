// What is particular to node-redis: clients of the caller's, and which kinds of them.
import { createRequire } from "node:module";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { createClient } from "redis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { createNodeRedisStores, createNodeRedisVerificationStore } from "./index.ts";
import { clientTo } from "./provider.test-support.ts";

const { single } = inject("redis");
const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 100, windowMs: 60_000 },
} as const;
const request = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;

it("is tested on the major that the project's name says", () => {
  const { version }: { version: string } = createRequire(import.meta.url)(`${inject("library")}/package.json`);
  expect(version).toMatch(inject("library") === "redis" ? /^6\./ : /^5\.(1[2-9]|[2-9]\d)\./);
  expect("_keyPrefix" in createClient()).toBe(inject("library") === "redis");
});

describe("a client of the caller's", () => {
  it("of another library is refused, and the right package named", () => {
    const refuse = (client: unknown) => () => Reflect.apply(createNodeRedisStores, undefined, [{ client }]);
    expect(refuse({ evalsha() {}, eval() {} })).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining("@tollbooth-stores/ioredis") }),
    );
    expect(refuse({})).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
    expect(refuse(undefined)).toThrow("either `client`");
  });

  it("that is not connected is not connected for its owner: calls say so at once", async () => {
    const client = createClient({ url: single.url });
    const stores = createNodeRedisStores({ client, keyPrefix: "unconnected" });
    const said = { code: "STORE_UNAVAILABLE", outcome: "not-applied", message: expect.stringContaining("connect()") };
    await expect(stores.rateLimits.consume(check)).rejects.toMatchObject(said);
    await client.connect();
    expect((await stores.rateLimits.consume(check)).allowed).toBe(true);
    await stores.close();
    expect(await client.ping()).toBe("PONG");
    expect(client.listenerCount("error")).toBe(0);
    client.destroy();
  });

  it("that answers with Buffers otherwise is read all the same", async () => {
    const client = createClient({ url: single.url, commandOptions: { typeMapping: { 36: Buffer } } });
    await client.connect();
    onTestFinished(() => client.destroy());
    const stores = createNodeRedisStores({ client, keyPrefix: "buffers" });
    const { record } = await stores.sessions.create({ data: { a: "ü" }, idleTtlMs: 60_000 });
    expect((await stores.sessions.get(record.id))?.data).toEqual({ a: "ü" });
    for await (const _ of stores.verifications.unresolved());
    await stores.close();
  });

  it("with a key prefix of its own, which node-redis has from 6 on, has it before every key", async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const store = createNodeRedisVerificationStore({
      client: clientTo(redis, { keyPrefix: "app[1]:" }),
      keyPrefix: "v",
    });
    const claim = await store.claim("key", request);
    if (claim.status !== "claimed") throw new Error("not claimed");
    await store.markUnknown("key", claim.lease, "evidence");
    const own = inject("library") === "redis" ? "app[1]:" : "";
    expect(String(await redis.command("KEYS", "*")).startsWith(`${own}v:`)).toBe(true);
    const handles: string[] = [];
    for await (const { handle } of store.unresolved()) handles.push(handle);
    expect(handles).toHaveLength(1);
    expect((await store.reconcile({ handle: handles[0] ?? "" }, { token: "r", leaseMs: 1_000 })).status).toBe(
      "claimed",
    );
    await store.close();
  });
});
