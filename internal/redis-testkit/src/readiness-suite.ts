// ping() proves that a server answers; check() proves that every primary would take a write, and says why one would not.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { batchChannel, operationChannel } from "@tollbooth-stores/core";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type AtEnd, connectionScene } from "./connection-scene.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { type RunningCluster, startRedisCluster } from "./start-redis-cluster.ts";
import { startReplica } from "./start-replica.ts";

const commandTimeoutMs = 5_000;

/** Registers the tests. */
export function readinessSuite<Client>(provider: ClientProvider<Client>): void {
  let cluster: RunningCluster;
  const overCluster = (atEnd: AtEnd) => {
    const nodes = cluster.nodes.slice(0, 1).map(({ address }) => address);
    return connectionScene(provider, atEnd).connected({ cluster: nodes }, { commandTimeoutMs });
  };
  /** Until then it takes no write that needs memory. */
  const whileFull = async (server: RunningRedis, work: () => Promise<void>) => {
    await server.command("CONFIG", "SET", "maxmemory", "1");
    try {
      await work();
    } finally {
      await server.command("CONFIG", "SET", "maxmemory", "0");
    }
  };

  describe(`${provider.name} is ready`, () => {
    beforeAll(async () => {
      cluster = await startRedisCluster();
    });
    afterAll(() => cluster.stop());

    it("not on a read-only replica, which answers ping()", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const primary = await scene.owned(startRedis());
      const replica = await scene.owned(startReplica(primary));
      const stores = await scene.connected({ url: replica.url }, { commandTimeoutMs });
      await stores.ping();
      await expect(stores.check()).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        outcome: "not-applied",
        message: expect.stringMatching(/read-only replica.*primary/),
      });
      await replica.command("REPLICAOF", "NO", "ONE");
      await stores.check();
    });

    it("not on a full Redis, which answers ping()", async ({ expect, onTestFinished }) => {
      const scene = connectionScene(provider, onTestFinished);
      const redis = await scene.owned(startRedis());
      const stores = await scene.connected({ url: redis.url }, { commandTimeoutMs });
      const told: unknown[] = [];
      const hear = (message: unknown) => void told.push(message);
      for (const name of [operationChannel, batchChannel]) {
        subscribe(name, hear);
        onTestFinished(() => void unsubscribe(name, hear));
      }
      await whileFull(redis, async () => {
        await stores.ping();
        await expect(stores.check()).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
          outcome: "not-applied",
          message: expect.stringContaining("maxmemory"),
        });
      });
      await stores.check();
      const batch = expect.objectContaining({ script: "check-writes", calls: 1 });
      const check = { store: "all", operation: "check", provider: expect.stringMatching(/redis/) };
      expect(told, "a ping is no batch").toEqual([
        batch,
        expect.objectContaining({ ...check, outcome: "error", errorCode: "STORE_UNAVAILABLE" }),
        batch,
        expect.objectContaining({ ...check, outcome: "ok" }),
      ]);
      expect(await redis.command("DBSIZE")).toBe(0);
    });

    it("on a cluster only if every primary is", async ({ expect, onTestFinished }) => {
      const stores = await overCluster(onTestFinished);
      await stores.check();
      for (const node of cluster.nodes) {
        await whileFull(node, async () => {
          await stores.ping();
          await expect(stores.check()).rejects.toMatchObject({
            code: "STORE_UNAVAILABLE",
            outcome: "not-applied",
            message: expect.stringContaining("maxmemory"),
          });
        });
      }
      await stores.check();
      for (const node of cluster.nodes) expect(await node.command("DBSIZE")).toBe(0);
    });
  });
}
