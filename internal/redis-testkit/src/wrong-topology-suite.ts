// Connections of another kind than their server (one server, a cluster, sentinels), and connections that lead nowhere.
import type { ClientProvider } from "./client-provider.ts";
import type { Scene } from "./connection-scene.ts";
import { freePort } from "./free-port.ts";
import type { SharedRedis } from "./global-setup.ts";
import { startRedis } from "./start-redis.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";
import { type SentinelOptions, startSentinel } from "./start-sentinel.ts";
import { SECRET, type WrongConnection, wrongConnections } from "./wrong-connection.ts";

/** Registers the tests. */
export function wrongTopologySuite<Client>(provider: ClientProvider<Client>, { single }: SharedRedis): void {
  const plain = { host: single.host, port: single.port };
  const sentinelOf = async ({ owned }: Scene, primary = plain, options: SentinelOptions = {}) => {
    const { host, port, name } = await owned(startSentinel(primary, options));
    return { name, nodes: [{ host, port }] };
  };
  const nowhere = async () => ({ host: "127.0.0.1", port: await freePort() });
  const cases: readonly WrongConnection[] = [
    {
      name: "where `cluster` names a single server",
      to: () => ({ cluster: [plain] }),
      says: [/no Redis Cluster but a single server/, /`url` or `host`/],
      atOnce: true,
    },
    {
      name: "where `sentinel` names a single server",
      to: () => ({ sentinel: { name: "mymaster", nodes: [plain] } }),
      says: [/no Sentinel/, /`sentinel\.nodes`/, /26379/],
      atOnce: true,
    },
    {
      name: "where the sentinels know no primary by this name",
      to: async (scene) => ({ sentinel: { ...(await sentinelOf(scene)), name: "another" } }),
      says: [/no primary by this name/, /`sentinel\.name`/],
      atOnce: true,
    },
    {
      name: "where the sentinels' password is wrong",
      to: async (scene) => ({
        sentinel: { ...(await sentinelOf(scene, plain, { requirepass: "another" })), password: SECRET },
      }),
      says: [/sentinels refused the login/, /`sentinel\.password`/],
      atOnce: true,
    },
    {
      name: "where the sentinels' password is missing",
      to: async (scene) => ({ sentinel: await sentinelOf(scene, plain, { requirepass: SECRET }) }),
      says: [/sentinels refused the login/, /`sentinel\.password`/],
      atOnce: true,
    },
    {
      name: "where the password of the primary that the sentinels name is wrong",
      async to(scene) {
        const primary = await scene.owned(startRedis({ requirepass: "another" }));
        return { sentinel: await sentinelOf(scene, primary), password: SECRET };
      },
      says: [/refused the username or password/, /`password`/],
      atOnce: true,
    },
    {
      name: "where no sentinel listens",
      to: async () => ({ sentinel: { name: "mymaster", nodes: [await nowhere(), await nowhere()] } }),
      says: [/ECONNREFUSED/, /`sentinel\.nodes`/],
    },
    {
      name: "where the sentinels name a primary that is away",
      to: async (scene) => ({ sentinel: await sentinelOf(scene, await nowhere()) }),
      says: [/ECONNREFUSED/],
    },
    {
      name: "where no node of the cluster listens",
      to: async () => ({ cluster: [await nowhere(), await nowhere()], password: SECRET }),
      says: [/ECONNREFUSED/, /`cluster`/],
    },
    {
      name: "where the cluster's password is wrong",
      async to({ owned }) {
        const node = await owned(startRedis({ config: ["cluster-enabled yes"], requirepass: "another" }));
        return { cluster: [{ host: node.host, port: node.port }], password: SECRET };
      },
      says: [/refused the username or password/, /`password`/],
      atOnce: true,
    },
    {
      name: "where the cluster has no slots",
      async to({ owned }) {
        const { host, port } = await owned(startRedis({ config: ["cluster-enabled yes"] }));
        return { cluster: [{ host, port }] };
      },
      says: [/No node of the Redis Cluster serves any slot/],
      atOnce: true,
    },
    {
      name: "where a cluster announces a name that its certificates lack",
      async to({ owned }) {
        const config = ["bind 127.0.0.1 127.0.0.2", "cluster-announce-ip 127.0.0.2"];
        const cluster = await owned(
          startReplicatedCluster({ primaries: 1, replicas: 0, tls: true, server: { config } }),
        );
        const [node] = cluster.nodes;
        if (node === undefined) throw new Error("A cluster without a node.");
        const { host, port, username = "", password = "", ca = "" } = node;
        return { cluster: [{ host, port }], username, password, tls: { ca } };
      },
      says: [/certificate is for another name/, /nodes of a cluster must announce names/],
      atOnce: true,
    },
  ];
  wrongConnections(provider, cases);
}
