// Running stores are examined again: when a server that was away at the start answers, and after failovers.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connectionChannel } from "@tollbooth-stores/core";
import { startRedis, startReplicatedCluster, startSentinelGroup } from "@tollbooth-stores/redis-testkit";
import { expect, it, onTestFinished } from "vitest";
import { loadStores } from "./load-stores.ts";

/** Every "unsafe" from now on, with its server. */
function unsafe(): string[] {
  const told: string[] = [];
  const hear = (message: unknown) => {
    const { event, reason, server } = Object(message);
    if (event === "unsafe") told.push(`${server} ${reason}`);
  };
  subscribe(connectionChannel, hear);
  onTestFinished(() => void unsubscribe(connectionChannel, hear));
  return told;
}

/** As servers for payments are set up. */
const server = { maxmemory: "64mb", config: ["appendonly yes", "appendfsync everysec"] };

async function strictStart(ioredis: object): Promise<void> {
  const stores = { strict: true, provider: "ioredis", ioredis };
  const loaded = await loadStores({ stores }, { env: {}, onWarning() {} });
  onTestFinished(() => loaded.close());
}

it("tells what is unsafe on a server that came up later", { timeout: 30_000 }, async () => {
  const told = unsafe();
  const redis = await startRedis({ config: ["maxmemory-policy allkeys-lru"] });
  onTestFinished(() => redis.stop());
  await redis.kill("SIGSTOP");
  const block = { provider: "ioredis", ioredis: { url: redis.url, connectTimeoutMs: 500 } };
  const stores = await loadStores({ stores: block }, { env: {}, onWarning() {} });
  onTestFinished(() => stores.close());
  await expect.poll(() => told).toEqual([expect.stringMatching(/ reachable: .*503/)]);
  await redis.kill("SIGCONT");
  await expect.poll(() => told.join(), { timeout: 20_000 }).toMatch(/eviction: .*allkeys-lru/);
});

it("tells that the sentinels' new primary evicts, which was not so at a strict start", {
  timeout: 60_000,
}, async () => {
  const told = unsafe();
  const group = await startSentinelGroup({ replicas: 1, server });
  onTestFinished(() => group.stop());
  const [, replica] = group.servers;
  if (replica === undefined) throw new Error("The group has no replica.");
  await strictStart({ sentinel: { name: group.name, nodes: group.sentinels.map(({ address }) => address) } });
  await replica.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const { address } = await group.failover();
  const evicts = `${address.host}:${address.port} eviction: maxmemory-policy is allkeys-lru`;
  await expect.poll(() => told.join("\n"), { timeout: 10_000 }).toContain(evicts);
});

it("tells that a cluster's new primary evicts, which was not so at a strict start", { timeout: 60_000 }, async () => {
  const told = unsafe();
  const cluster = await startReplicatedCluster({ server });
  onTestFinished(() => cluster.stop());
  await strictStart({ cluster: cluster.seeds() });
  const [primary] = await cluster.primaries();
  if (primary === undefined) throw new Error("The cluster has no primary.");
  const replica = await cluster.replicaOf(primary);
  await replica.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  await cluster.failover(replica);
  const { host, port } = replica.address;
  const evicts = `${host}:${port} eviction: maxmemory-policy is allkeys-lru`;
  await expect.poll(() => told.join("\n"), { timeout: 20_000 }).toContain(evicts);
});
