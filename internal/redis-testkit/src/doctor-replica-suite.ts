// An examination looks at the replicas, too: a failover makes one of them the primary, as it is configured.
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { connectionScene } from "./connection-scene.ts";
import { checksOf, doctorScene, foundBy, good } from "./doctor-scene.ts";
import { freePort } from "./free-port.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { startReplica } from "./start-replica.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";
import { until } from "./until.ts";

/** Registers the tests. `borrow`: a client of the caller's. */
export function doctorReplicaSuite<Client>(
  provider: ClientProvider<Client>,
  borrow: (endpoint: RunningRedis) => Client,
): void {
  const { examined } = doctorScene(provider, onTestFinished);
  const { owned } = connectionScene(provider, onTestFinished);
  const appendonly = { config: ["appendonly yes", "appendfsync everysec"] };

  describe(`an examination of replicas through ${provider.name}`, () => {
    it("finds what is wrong with a replica, and names it", async () => {
      const primary = await owned(startRedis({ ...good, requirepass: undefined }));
      const replica = await owned(startReplica(primary, { ...appendonly, maxmemory: "64mb" }));
      const at = `${replica.host}:${replica.port}`;
      // A replica begins its append-only file anew after each whole copy.
      const isWritten = /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/;
      await until(async () => isWritten.test(String(await replica.command("INFO", "persistence"))));
      const found = async () =>
        (await examined({ url: primary.url }, { criticalOnly: true })).filter(({ server }) => server === at);
      expect(checksOf(await found(), "ok")).toEqual(["role", "version", "eviction", "persistence", "memory", "rights"]);
      await replica.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      await replica.command("CONFIG", "SET", "maxmemory", "32mb");
      await replica.command("CONFIG", "SET", "appendonly", "no");
      const wrong = await found();
      expect(checksOf(wrong, "error")).toEqual(["eviction", "persistence"]);
      expect(foundBy(wrong, "memory")).toMatchObject([
        { level: "warning", message: expect.stringMatching(/32\.0 MB, and the primary's is 64\.0 MB/) },
      ]);
      await replica.command("CONFIG", "SET", "replica-priority", "0");
      expect(await found()).toMatchObject([{ check: "role", level: "ok", message: expect.stringMatching(/never/) }]);
    });

    it("finds that a replica has other users, and that it lacks a right", async () => {
      const primary = await owned(startRedis({ ...good, requirepass: undefined }));
      const replica = await owned(startReplica(primary, appendonly));
      const app = ["ACL", "SETUSER", "app", "reset", "on", ">app", "~*", "+@all"] as const;
      await primary.command(...app);
      const found = async () => {
        const all = await examined({ url: `redis://app:app@${primary.host}:${primary.port}` });
        return all.filter(({ server }) => server === `${replica.host}:${replica.port}`);
      };
      expect(await found()).toMatchObject([
        { check: "role", level: "warning", message: expect.stringMatching(/refuses the login.*503/) },
      ]);
      await replica.command(...app, "-zscore");
      expect(foundBy(await found(), "rights")).toMatchObject([
        { level: "error", message: expect.stringContaining("zscore") },
      ]);
    });

    it("calls a replica unknown that it cannot reach, or that is another server here, within its time", async () => {
      const primary = await owned(startRedis({ ...good, requirepass: undefined }));
      const other = await owned(startRedis({}));
      const port = await freePort();
      for (const announced of [`replica-announce-port ${port}`, `replica-announce-port ${other.port}`]) {
        const replica = await owned(startReplica(primary, { config: [announced] }));
        const began = performance.now();
        const found = await examined({ url: primary.url }, { criticalOnly: true });
        expect(performance.now() - began).toBeLessThan(2_000);
        expect(checksOf(found, "error")).toEqual([]);
        expect(foundBy(found, "role")).toMatchObject([
          { level: "ok" },
          { level: "unknown", server: `${replica.host}:${announced.split(" ")[1]}` },
        ]);
        await replica.stop();
        await until(async () => /connected_slaves:0/.test(String(await primary.command("INFO", "replication"))));
      }
    });

    it("examines a replica before its first copy is whole", async () => {
      const primary = await owned(
        startRedis({
          ...good,
          requirepass: undefined,
          config: ["repl-diskless-sync yes", "repl-diskless-sync-delay 600"],
        }),
      );
      const config = [`replicaof ${primary.host} ${primary.port}`, "appendonly yes", "maxmemory-policy allkeys-lru"];
      const replica = await owned(startRedis({ config }));
      await until(async () => /slave0:.*port=\d+/.test(String(await primary.command("INFO", "replication"))));
      const all = await examined({ url: primary.url }, { criticalOnly: true });
      const found = all.filter(({ server }) => server === `${replica.host}:${replica.port}`);
      expect(foundBy(found, "role")).toMatchObject([
        { level: "ok", message: expect.stringMatching(/is being filled/) },
      ]);
      expect(foundBy(found, "eviction")).toMatchObject([{ level: "error" }]);
    });

    it("says that a client of the caller's does not lead to the replicas", async () => {
      const primary = await owned(startRedis({ ...good, requirepass: undefined }));
      await owned(startReplica(primary));
      const port = provider.create.port({ client: borrow(primary) });
      onTestFinished(() => port.close());
      const { examineRedis } = await import("@tollbooth-stores/redis-protocol");
      const found = await examineRedis(port, { keeps: "money", prefixes: ["tollbooth:rl"] });
      expect(foundBy(found, "replication")).toContainEqual(
        expect.objectContaining({ level: "unknown", message: expect.stringContaining("1 replica") }),
      );
    });
  });
}

/** Registers the test of a cluster. */
export function doctorClusterReplicaSuite<Client>(provider: ClientProvider<Client>): void {
  it(`an examination through ${provider.name} finds the replica of a cluster that evicts, at its announced address`, async () => {
    const { owned } = connectionScene(provider, onTestFinished);
    const cluster = await owned(startReplicatedCluster({ proxied: true }));
    const [primary] = await cluster.primaries();
    if (primary === undefined) throw new Error("The cluster has no primary.");
    const replica = await cluster.replicaOf(primary);
    await replica.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const found = await doctorScene(provider, onTestFinished).examined({ cluster: cluster.seeds() });
    const { host, port } = replica.address;
    expect(foundBy(found, "eviction").filter(({ level }) => level === "error")).toMatchObject([
      { server: `${host}:${port}` },
    ]);
    expect(foundBy(found, "role").map(({ level }) => level)).toEqual(Array(6).fill("ok"));
  });
}
