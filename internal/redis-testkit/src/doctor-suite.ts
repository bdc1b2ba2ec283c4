// What an examination says of good servers and of servers that are set up wrongly in each way.
import { examineRedis } from "@tollbooth-stores/redis-protocol";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { connectionScene } from "./connection-scene.ts";
import { wrongServers } from "./doctor-cases.ts";
import { checksOf, type DoctorScene, doctorScene, foundBy, good, prefixes } from "./doctor-scene.ts";
import { startNetProxy } from "./net-proxy.ts";
import { startRedis } from "./start-redis.ts";
import { startRedisCluster } from "./start-redis-cluster.ts";
import { startReplica } from "./start-replica.ts";
import { until } from "./until.ts";

/** Registers the tests. */
export function doctorSuite<Client>(provider: ClientProvider<Client>): void {
  const { name, create } = provider;
  const scene = (): DoctorScene => doctorScene(provider, onTestFinished);

  describe(`an examination through ${name}`, () => {
    it("finds nothing wrong with a server that is set up for payments", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const findings = await examined({ url: redis.url });
      expect(findings.filter(({ level }) => level === "error" || level === "warning")).toEqual([]);
      expect(checksOf(findings, "ok")).toEqual(expect.arrayContaining(["version", "role", "eviction", "persistence"]));
      expect(checksOf(findings, "unknown")).toEqual([]);
      expect(new Set(findings.map(({ server, check }) => server ?? check))).toEqual(
        new Set([`${redis.host}:${redis.port}`, "client"]),
      );
      expect(JSON.stringify(findings)).not.toContain("secret");
      expect(Number(await redis.command("DBSIZE"))).toBe(0);
    });

    it.each(wrongServers)("finds that a server %s", async (_, broken, check, level, message) => {
      const { started, examined } = scene();
      const redis = await started({ ...good, ...broken });
      const findings = await examined({ url: redis.url });
      expect(findings).toContainEqual(
        expect.objectContaining({ check, level, message: expect.stringMatching(message) }),
      );
    });

    it("takes eviction for less where only limits are kept", async () => {
      const { started, examined } = scene();
      const redis = await started({ ...good, config: ["maxmemory-policy allkeys-lru"] });
      const findings = await examined({ url: redis.url }, { keeps: "limits" });
      expect(checksOf(findings, "error")).toEqual([]);
      expect(checksOf(findings, "warning")).toEqual(expect.arrayContaining(["eviction", "persistence"]));
    });

    it("finds that memory is short", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const used = Number(/used_memory:(\d+)/.exec(String(await redis.command("INFO", "memory")))?.[1]);
      await redis.command("CONFIG", "SET", "maxmemory", String(Math.ceil(used / 0.97)));
      const findings = await examined({ url: redis.url }, { criticalOnly: true });
      expect(findings).toContainEqual(expect.objectContaining({ check: "memory", level: "error" }));
    });

    it("finds a replica, and a primary whose failover forgets", async () => {
      const { examined } = scene();
      const { owned } = connectionScene(provider, onTestFinished);
      const primary = await owned(startRedis({ ...good, requirepass: undefined }));
      const replica = await owned(startReplica(primary));
      expect(await examined({ url: replica.url })).toContainEqual(
        expect.objectContaining({ check: "role", level: "error" }),
      );
      const forgets = expect.objectContaining({ check: "replication", level: "warning" });
      expect(await examined({ url: primary.url })).toContainEqual(forgets);
      await primary.command("CONFIG", "SET", "min-replicas-to-write", "1");
      // The server counts the replicas that keep up once a second.
      await until(async () => /min_slaves_good_slaves:1/.test(String(await primary.command("INFO", "replication"))));
      expect(foundBy(await examined({ url: primary.url }), "replication")).toMatchObject([
        { level: "ok", message: expect.stringMatching(/^1 replica, at most \d+ s and \d+ bytes? behind.*within 10 s/) },
      ]);
      await primary.command("CONFIG", "SET", "min-replicas-max-lag", "86400");
      expect(foundBy(await examined({ url: primary.url }), "replication")).toMatchObject([
        { level: "warning", message: expect.stringMatching(/within 86400 s/) },
      ]);
      await primary.command("CONFIG", "SET", "min-replicas-max-lag", "0");
      expect(await examined({ url: primary.url })).toContainEqual(forgets);
    });

    it("finds each right that is missing", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const changes = async () => /rdb_changes_since_last_save:\d+/.exec(String(await redis.command("INFO")))?.[0];
      const before = await changes();
      // The second has no right to ask of its rights, as no user of Redis 6.2 can.
      for (const more of [[], ["-acl"]]) {
        const rules = ["on", ">app", "~*", "+@all", "-incrby", "-zscore", ...more];
        await redis.command("ACL", "SETUSER", "app", "reset", ...rules);
        const findings = await examined({ url: `redis://app:app@${redis.host}:${redis.port}` }, { criticalOnly: true });
        expect(foundBy(findings, "rights")).toMatchObject([
          { level: "error", message: expect.stringMatching(/: incrby, zscore\. /) },
        ]);
      }
      expect(await changes()).toBe(before);
    });

    it("calls unknown what it may not ask, and nothing else", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      await redis.command("ACL", "SETUSER", "app", "on", ">app", "~*", "+@all", "-info", "-config", "-acl", "-cluster");
      const findings = await examined({ url: `redis://app:app@${redis.host}:${redis.port}` });
      expect(checksOf(findings, "error")).toEqual([]);
      // INFO is a right that it knows of.
      expect(checksOf(findings, "warning")).toEqual(["rights"]);
      expect(checksOf(findings, "unknown")).toEqual(
        expect.arrayContaining(["version", "role", "eviction", "persistence", "replication", "memory", "users"]),
      );
    });

    it("finds keys of the stores' that have no end", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      await redis.command("SET", "tollbooth:verify:{a}:c", "x");
      await redis.command("SET", "tollbooth:rl:{a}", "x", "EX", "60");
      const keys = (await examined({ url: redis.url })).filter(({ check }) => check === "keys");
      expect(keys.map(({ level }) => level)).toEqual(["ok", "ok", "error"]);
      expect(keys[0]?.message).toMatch(/^1 key under tollbooth:rl: 0\.0 MB, \d+ bytes each\. Each has its end/);
      expect(keys[1]?.message).toMatch(/^There is no key under tollbooth:sess/);
      expect(keys[2]?.message).toMatch(/^1 of 1 key looked at under tollbooth:verify has no end/);
    });

    it("finds what was evicted before the policy was mended, and does not call it ongoing", async () => {
      const { started, examined } = scene();
      const redis = await started({ ...good, config: ["appendonly yes", "maxmemory-policy allkeys-lru"] });
      const used = Number(/used_memory:(\d+)/.exec(String(await redis.command("INFO", "memory")))?.[1]);
      await redis.command("CONFIG", "SET", "maxmemory", String(used + 2_000_000));
      const fill = "for i = 1, 60 do redis.call('SET', KEYS[1] .. i, string.rep('x', 100000), 'EX', 60) end";
      await redis.command("EVAL", fill, "1", "k");
      const evicted = async () => foundBy(await examined({ url: redis.url }), "eviction").map(({ level }) => level);
      await until(async () => (await evicted()).length === 2);
      expect(await evicted()).toEqual(["error", "error"]);
      await redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
      expect(await evicted()).toEqual(["ok", "warning"]);
      await redis.command("CONFIG", "RESETSTAT");
      expect(await evicted()).toEqual(["ok"]);
    });

    it("finds that writes are refused because a snapshot failed, beside an append-only file", async () => {
      // No file can have the folder's own name.
      const { started, examined } = scene();
      const redis = await started({ ...good, config: ["appendonly yes", "save 3600 1", "dbfilename ."] });
      await redis.command("SET", "k", "v", "EX", "60");
      await redis.command("BGSAVE");
      const failed = expect.objectContaining({ level: "error", message: expect.stringContaining("MISCONF") });
      await until(async () => String(await redis.command("INFO")).includes("rdb_last_bgsave_status:err"));
      await expect(redis.command("SET", "k", "v")).rejects.toThrow("MISCONF");
      expect(foundBy(await examined({ url: redis.url }), "persistence")).toContainEqual(failed);
    });

    it("tells how far away the server is, in time and in its clock", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const proxy = await startNetProxy(redis);
      onTestFinished(() => proxy.close());
      const late = vi.spyOn(Date, "now").mockImplementation(() => performance.timeOrigin + performance.now() - 600_000);
      onTestFinished(() => late.mockRestore());
      proxy.delay(8);
      const found = await examined({ host: proxy.host, port: proxy.port, password: "secret" });
      expect(foundBy(found, "round trip")).toMatchObject([{ level: "warning" }]);
      expect(foundBy(found, "clock")).toMatchObject([
        { level: "warning", message: expect.stringMatching(/(599|600)\.\d s apart/) },
      ]);
    });

    it("reckons a store's memory from a sample of many keys", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const fill = "for i = 1, 15000 do redis.call('SET', KEYS[1] .. i, 'x', 'EX', 600) end";
      await redis.command("EVAL", fill, "1", "tollbooth:rl:");
      const [limits, sessions] = foundBy(await examined({ url: redis.url }), "keys");
      expect(sessions).toMatchObject({ level: "ok", message: expect.stringMatching(/was met among the 1\d{4}/) });
      expect(limits?.message).toMatch(
        /^About 15000 keys under tollbooth:rl: \d\.\d MB, \d\d bytes each\. Each of 500 looked at/,
      );
    });

    it("does not know of keys that it did not meet among many others", async () => {
      const { started, examined } = scene();
      const redis = await started(good);
      const fill = "for i = 1, 30000 do redis.call('SET', KEYS[1] .. i, 'x', 'EX', 600) end";
      await redis.command("EVAL", fill, "1", "another:");
      for (const found of foundBy(await examined({ url: redis.url }), "keys")) {
        expect(found).toMatchObject({
          level: "unknown",
          message: expect.stringMatching(/among the 1\d{4} that were looked at, of about 30000/),
        });
      }
    });

    it("finds a cluster that is incomplete, and one that the connection does not describe", async () => {
      const { examined } = scene();
      const cluster = await connectionScene(provider, onTestFinished).owned(startRedisCluster());
      const nodes = cluster.nodes.map(({ address }) => address);
      const whole = await examined({ cluster: nodes });
      expect(whole.filter(({ check }) => check === "cluster").map(({ level }) => level)).toEqual(["ok", "ok", "ok"]);
      const [first] = cluster.nodes;
      if (first === undefined) throw new Error("The cluster has no node.");
      expect(await examined({ url: first.url })).toContainEqual(
        expect.objectContaining({ check: "cluster", level: "error", message: expect.stringContaining("one server") }),
      );
      const port = create.port({ connection: { cluster: nodes } });
      onTestFinished(() => port.close());
      await port.ready(AbortSignal.timeout(5_000));
      for (const node of cluster.nodes) await node.command("CLUSTER", "DELSLOTS", "0");
      const holed = await examineRedis(port, { keeps: "money", prefixes, criticalOnly: true });
      expect(holed).toContainEqual(
        expect.objectContaining({
          check: "cluster",
          level: "error",
          message: expect.stringContaining("16383 of 16384"),
        }),
      );
    });
  });
}
