// What is particular to node-redis: clients of the caller's, which kinds of them, and a cluster.
import { createRequire } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import { startRedis, startRedisCluster } from "@tollbooth-stores/test-support";
import { createClient, createCluster } from "redis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { clientTo } from "./conformance.test-support.ts";
import { createNodeRedisStores, createNodeRedisVerificationStore, type NodeRedisClient } from "./index.ts";

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

describe("a cluster", () => {
  it("is used slot by slot, listed on every primary, and hinted in, over a connection of ours or yours", async () => {
    const cluster = await startRedisCluster();
    onTestFinished(() => cluster.stop());
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    const client = createCluster({ rootNodes: nodes.slice(0, 1).map((socket) => ({ socket })) });
    await client.connect();
    onTestFinished(() => client.destroy());
    const options = { keyPrefix: "cluster", commandTimeoutMs: 5_000 };
    const own = createNodeRedisStores({ connection: { cluster: nodes.slice(0, 1) }, ...options });
    const yours = createNodeRedisStores({ client: client satisfies NodeRedisClient, ...options });
    for (let index = 0; index < 30; index += 1) {
      const claim = await own.verifications.claim(`key ${index}`, request);
      if (claim.status !== "claimed") throw new Error("not claimed");
      await own.verifications.markUnknown(`key ${index}`, claim.lease);
    }
    for (const stores of [own, yours]) {
      const handles = new Set<string>();
      for await (const { handle } of stores.verifications.unresolved()) handles.add(handle);
      expect(handles.size).toBe(30);
      const { record } = await stores.sessions.create({ data: 1, subject: "s", idleTtlMs: 60_000 });
      expect((await stores.sessions.rotate(record.id)).status).toBe("ok");
      const checks = Array.from({ length: 20 }, (_, index) => ({ ...check, client: `client ${index}` }));
      expect(await stores.rateLimits.consumeAll(checks)).toMatchObject({ allowed: true, atomic: false });
    }
    expect(await own.sessions.deleteBySubject("s")).toEqual({ deleted: 2 });
    const [busy] = await Promise.all(cluster.nodes.map((node) => node.command("DBSIZE")));
    expect(Number(busy)).toBeGreaterThan(0);
    const claim = await own.verifications.claim("waited for", request);
    if (claim.status !== "claimed") throw new Error("not claimed");
    const waited = yours.verifications.wait("waited for", { timeoutMs: 10_000 });
    const channels = () => Promise.all(cluster.nodes.map((node) => node.command("PUBSUB", "CHANNELS", "cluster:*")));
    for (let tries = 0; tries < 200 && !String(await channels()).includes("hints"); tries += 1) await delay(20);
    const startMs = performance.now();
    await own.verifications.release("waited for", claim.lease);
    await waited;
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await Promise.all([own.close(), yours.close()]);
    expect(client.isOpen).toBe(true);
  });
});
