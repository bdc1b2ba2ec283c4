// What an examination says of good servers and of servers that are broken in each way.

import { once } from "node:events";
import { createServer } from "node:net";
import {
  type ExamineOptions,
  examineRedis,
  type Finding,
  type RedisConnection,
} from "@tollbooth-stores/redis-protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type AtEnd, connectionScene } from "./connection-scene.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import type { RedisEndpoint } from "./resp-command.ts";
import { type RedisOptions, startRedis } from "./start-redis.ts";
import { startRedisCluster } from "./start-redis-cluster.ts";
import { startReplica } from "./start-replica.ts";

const prefixes = ["tollbooth:rl", "tollbooth:sess", "tollbooth:verify"];
/** As a server for payments is set up. */
const good: RedisOptions = {
  requirepass: "secret",
  maxmemory: "64mb",
  config: ["appendonly yes", "appendfsync everysec"],
};

/** Registers the tests. `borrow`: a client of the caller's, with its library's default settings. */
export function doctorSuite<Client>(
  provider: ClientProvider<Client>,
  borrow: (endpoint: RedisEndpoint) => Client,
): void {
  const { name, create } = provider;
  const examined = async (connection: RedisConnection, atEnd: AtEnd, options: Partial<ExamineOptions> = {}) => {
    const port = create.port({ connection });
    atEnd(() => port.close());
    return examineRedis(port, { keeps: "money", prefixes, ...options });
  };
  const started = (options: RedisOptions, atEnd: AtEnd) => connectionScene(provider, atEnd).owned(startRedis(options));

  describe(`an examination through ${name}`, () => {
    it("finds nothing wrong with a server that is set up for payments", async () => {
      const redis = await started(good, onTestFinished);
      const findings = await examined({ url: redis.url }, onTestFinished);
      expect(findings.filter(({ level }) => level === "error" || level === "warning")).toEqual([]);
      expect(checksOf(findings, "ok")).toEqual(expect.arrayContaining(["version", "role", "eviction", "persistence"]));
      expect(checksOf(findings, "unknown")).toEqual((await isRedis7OrNewer()) ? [] : ["rights"]);
      expect(new Set(findings.map(({ server }) => server))).toEqual(new Set([`${redis.host}:${redis.port}`]));
      expect(JSON.stringify(findings)).not.toContain("secret");
      expect(Number(await redis.command("DBSIZE"))).toBe(0);
    });

    it.each<[string, Partial<RedisOptions>, Finding["check"], Finding["level"], RegExp]>([
      ["evicts", { config: ["maxmemory-policy allkeys-lru"] }, "eviction", "error", /allkeys-lru kept 20/],
      [
        "evicts what has an end",
        { config: ["maxmemory-policy volatile-ttl"] },
        "eviction",
        "error",
        /volatile-ttl none/,
      ],
      [
        "writes nothing to disk",
        { config: ["appendonly no"] },
        "persistence",
        "error",
        /a restart forgets every payment/,
      ],
      ["only snapshots", { config: ["appendonly no", "save 60 1000"] }, "persistence", "error", /last snapshot/],
      [
        "syncs when the system likes",
        { config: ["appendonly yes", "appendfsync no"] },
        "persistence",
        "error",
        /30 seconds/,
      ],
      ["wants no password", { requirepass: undefined, config: ["appendonly yes"] }, "users", "warning", /default/],
      ["has no limit of memory", { maxmemory: undefined, config: ["appendonly yes"] }, "memory", "warning", /not set/],
    ])("finds that a server %s", async (_, broken, check, level, message) => {
      const redis = await started({ ...good, ...broken }, onTestFinished);
      const findings = await examined({ url: redis.url }, onTestFinished);
      expect(findings).toContainEqual(
        expect.objectContaining({ check, level, message: expect.stringMatching(message) }),
      );
    });

    it("takes eviction for less where only limits are kept", async () => {
      const redis = await started({ ...good, config: ["maxmemory-policy allkeys-lru"] }, onTestFinished);
      const findings = await examined({ url: redis.url }, onTestFinished, { keeps: "limits" });
      expect(checksOf(findings, "error")).toEqual([]);
      expect(checksOf(findings, "warning")).toEqual(expect.arrayContaining(["eviction", "persistence"]));
    });

    it("finds that memory is short", async () => {
      const redis = await started(good, onTestFinished);
      const used = Number(/used_memory:(\d+)/.exec(String(await redis.command("INFO", "memory")))?.[1]);
      await redis.command("CONFIG", "SET", "maxmemory", String(Math.ceil(used / 0.97)));
      const findings = await examined({ url: redis.url }, onTestFinished, { criticalOnly: true });
      expect(findings).toContainEqual(expect.objectContaining({ check: "memory", level: "error" }));
    });

    it("finds a replica, and a primary whose failover forgets", async () => {
      const scene = connectionScene(provider, onTestFinished);
      const primary = await scene.owned(startRedis({ ...good, requirepass: undefined }));
      const replica = await scene.owned(startReplica(primary));
      expect(await examined({ url: replica.url }, onTestFinished)).toContainEqual(
        expect.objectContaining({ check: "role", level: "error" }),
      );
      const forgets = expect.objectContaining({ check: "replication", level: "warning" });
      expect(await examined({ url: primary.url }, onTestFinished)).toContainEqual(forgets);
      await primary.command("CONFIG", "SET", "min-replicas-to-write", "1");
      expect(await examined({ url: primary.url }, onTestFinished)).not.toContainEqual(forgets);
    });

    it("finds each right that is missing", async () => {
      const redis = await started(good, onTestFinished);
      await redis.command("ACL", "SETUSER", "app", "on", ">app", "~*", "+@all", "-incrby", "-zscore");
      const findings = await examined({ url: `redis://app:app@${redis.host}:${redis.port}` }, onTestFinished);
      const rights = findings.find(({ check }) => check === "rights");
      if (!(await isRedis7OrNewer())) expect(rights?.level).toBe("unknown");
      else expect(rights).toMatchObject({ level: "error", message: expect.stringMatching(/: incrby, zscore\.$/) });
    });

    it("calls unknown what it may not ask, and nothing else", async () => {
      const redis = await started(good, onTestFinished);
      await redis.command("ACL", "SETUSER", "app", "on", ">app", "~*", "+@all", "-info", "-config", "-acl", "-cluster");
      const findings = await examined({ url: `redis://app:app@${redis.host}:${redis.port}` }, onTestFinished);
      expect(checksOf(findings, "error")).toEqual([]);
      expect(checksOf(findings, "warning")).toEqual([]);
      expect(checksOf(findings, "unknown")).toEqual(
        expect.arrayContaining([
          "version",
          "role",
          "eviction",
          "persistence",
          "replication",
          "memory",
          "users",
          "rights",
        ]),
      );
    });

    it("finds keys of the stores' that have no end", async () => {
      const redis = await started(good, onTestFinished);
      await redis.command("SET", "tollbooth:verify:{a}:c", "x");
      await redis.command("SET", "tollbooth:rl:{a}", "x", "EX", "60");
      const keys = (await examined({ url: redis.url }, onTestFinished)).filter(({ check }) => check === "keys");
      expect(keys.map(({ level }) => level)).toEqual(["ok", "ok", "error"]);
      expect(keys[2]?.message).toMatch(/^1 keys of 1 under tollbooth:verify/);
    });

    it("finds a cluster that is incomplete, and one that the connection does not describe", async () => {
      const cluster = await connectionScene(provider, onTestFinished).owned(startRedisCluster());
      const nodes = cluster.nodes.map(({ address }) => address);
      const whole = await examined({ cluster: nodes }, onTestFinished);
      expect(whole.filter(({ check }) => check === "cluster").map(({ level }) => level)).toEqual(["ok", "ok", "ok"]);
      const [first] = cluster.nodes;
      if (first === undefined) throw new Error("The cluster has no node.");
      expect(await examined({ url: first.url }, onTestFinished)).toContainEqual(
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

    it("says that a server is silent, or no Redis, within its time", async () => {
      const frozen = await started({}, onTestFinished);
      await frozen.kill("SIGSTOP");
      onTestFinished(() => frozen.kill("SIGCONT"));
      const web = createServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      }).listen(0, "127.0.0.1");
      onTestFinished(() => void web.close());
      await once(web, "listening");
      const address = web.address();
      const port = typeof address === "object" ? address?.port : undefined;
      for (const connection of [{ url: frozen.url }, { host: "127.0.0.1", port }]) {
        const began = performance.now();
        const findings = await examined(connection, onTestFinished, { connectTimeoutMs: 1_000 });
        expect(findings).toMatchObject([{ check: "reachable", level: "error" }]);
        expect(performance.now() - began).toBeLessThan(2_000);
      }
    });

    it("warns of a caller's client that sends calls late", async () => {
      const redis = await started({}, onTestFinished);
      const port = create.port({ client: borrow(redis) });
      onTestFinished(() => port.close());
      const findings = await examineRedis(port, { keeps: "limits", prefixes });
      expect(findings).toContainEqual(
        expect.objectContaining({ check: "client", level: "warning", mend: expect.stringMatching(/OfflineQueue/) }),
      );
      expect(findings).toContainEqual(expect.objectContaining({ check: "version", level: "ok", server: "primary 1" }));
    });
  });
}

function checksOf(findings: readonly Finding[], level: Finding["level"]): string[] {
  return [...new Set(findings.filter((each) => each.level === level).map(({ check }) => check))];
}
