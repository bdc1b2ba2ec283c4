// What an examination says of clusters and of the primary that sentinels name.
import { examineRedis } from "@tollbooth-stores/redis-protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import type { BorrowCluster } from "./cluster-suite.ts";
import { connectionScene } from "./connection-scene.ts";
import { checksOf, doctorScene, foundBy, good, prefixes } from "./doctor-scene.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import { startRedisCluster } from "./start-redis-cluster.ts";
import { startSentinel } from "./start-sentinel.ts";
import { startSentinelGroup } from "./start-sentinel-group.ts";
import { until } from "./until.ts";

/** Registers the tests. */
export function doctorTopologySuite<Client>(
  provider: ClientProvider<Client>,
  borrowCluster: BorrowCluster<Client>,
): void {
  const examined = (client: Client) => {
    const port = provider.create.port({ client });
    onTestFinished(() => port.close());
    return examineRedis(port, { keeps: "money", prefixes });
  };

  describe(`an examination of several servers through ${provider.name}`, () => {
    it("asks every primary of a cluster, and finds the one that is away", async () => {
      const { owned } = connectionScene(provider, onTestFinished);
      const cluster = await owned(startRedisCluster());
      const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
      const { client, isUp, end } = await borrowCluster(nodes);
      onTestFinished(end);
      await until(async () => isUp());
      const whole = await examined(client);
      expect(foundBy(whole, "cluster").map(({ level }) => level)).toEqual(["ok", "ok", "ok"]);
      expect(checksOf(whole, "unknown")).toEqual([]);
      const own = provider.create.port({ connection: { cluster: nodes } });
      onTestFinished(() => own.close());
      expect(checksOf(await examineRedis(own, { keeps: "limits", prefixes }), "error")).toEqual([]);
      const app = ["ACL", "SETUSER", "app", "on", ">app", "~*", "+@all", "-asking"] as const;
      await Promise.all(cluster.nodes.map((node) => node.command(...app)));
      const asApp = provider.create.port({ connection: { cluster: nodes, username: "app", password: "app" } });
      onTestFinished(() => asApp.close());
      const rights = foundBy(await examineRedis(asApp, { keeps: "money", prefixes }), "rights");
      // Redis 6.2 has no ACL DRYRUN, and ASKING cannot be tried.
      const said = (await isRedis7OrNewer()) ? /may not run .*: asking\. / : /ASKING.*is not told/;
      expect(rights.map(({ message }) => message)).toEqual(Array(3).fill(expect.stringMatching(said)));
      await cluster.nodes[2]?.kill("SIGSTOP");
      onTestFinished(() => cluster.nodes[2]?.kill("SIGCONT"));
      for (const found of [await examined(client), await examineRedis(own, { keeps: "money", prefixes })]) {
        expect(found.filter(({ check, level }) => check === "reachable" && level === "error")).toHaveLength(1);
        expect(foundBy(found, "version")).toHaveLength(2);
      }
    });

    it("asks the primary that sentinels name", async () => {
      const scene = doctorScene(provider, onTestFinished);
      const primary = await scene.started(good);
      const { owned } = connectionScene(provider, onTestFinished);
      const config = ["sentinel auth-pass mymaster secret"];
      const sentinel = await owned(startSentinel({ host: primary.host, port: primary.port }, { config }));
      const nodes = [{ host: sentinel.host, port: sentinel.port }];
      const found = await scene.examined({ sentinel: { name: "mymaster", nodes }, password: "secret" });
      expect(checksOf(found, "error")).toEqual([]);
      expect(foundBy(found, "role")).toMatchObject([{ level: "ok", server: `${primary.host}:${primary.port}` }]);
      expect(foundBy(found, "sentinels")).toMatchObject([
        { level: "ok", message: expect.stringMatching(/^1 sentinel/) },
      ]);
    });

    it("finds sentinels that are dead, those that the connection does not name among them", async () => {
      const { owned } = connectionScene(provider, onTestFinished);
      const group = await owned(startSentinelGroup({ replicas: 0, sentinel: { requirepass: "watch" } }));
      const [named, ...others] = group.sentinels;
      if (named === undefined) throw new Error("A group without a sentinel.");
      const sentinel = { name: group.name, nodes: [named.address], password: "watch" };
      const { examined } = doctorScene(provider, onTestFinished);
      const sentinels = async () => foundBy(await examined({ sentinel }, { criticalOnly: true }), "sentinels");
      expect(await sentinels()).toMatchObject([{ level: "ok" }]);
      await Promise.all(others.map((other) => other.kill("SIGKILL")));
      await until(async () => (await sentinels()).length === 2);
      expect(await sentinels()).toMatchObject([
        { level: "warning", message: expect.stringContaining(`:${others[0]?.address.port}`) },
        { level: "warning", message: expect.stringMatching(/too few sentinels/) },
      ]);
    });
  });
}
