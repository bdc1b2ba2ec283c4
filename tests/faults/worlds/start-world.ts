// Starts the servers of a topology.
import {
  type NetProxy,
  type Reachable,
  startNetProxy,
  startRedis,
  startReplicatedCluster,
  startSentinelGroup,
  startTlsRedis,
  until,
} from "@tollbooth-stores/redis-testkit";
import { pick } from "../random.ts";
import type { ClusterWorld, SentinelWorld, SingleWorld, Topology, World } from "./world.ts";

/** The instances' user. The servers and sentinels among themselves use the default one, which a fault may shut out. */
export const APP = { username: "app", password: "instance" } as const;
const users = { app: `on >${APP.password} ~* &* +@all` };

export function startWorld(topology: Topology): Promise<World> {
  if (topology === "sentinel") return startSentinelWorld();
  if (topology === "cluster") return startClusterWorld();
  return startSingleWorld(topology);
}

/**
 * The default user cannot log in, but has rights. Redis 7.0 loads an append-only file as this user: without rights it drops
 * each MULTI there, by which the writes of a script are logged, and what was acknowledged is gone after a restart.
 */
const OFF_WITH_RIGHTS = "off ~* &* +@all";

/** What was acknowledged survives a kill. */
const survivesKill = true;

async function startSingleWorld(topology: "single" | "tls"): Promise<SingleWorld> {
  const tls =
    topology === "tls" ? await startTlsRedis({ survivesKill, users: { default: OFF_WITH_RIGHTS } }) : undefined;
  const redis = tls ?? (await startRedis({ survivesKill }));
  const proxy = await startNetProxy(redis);
  const { host, port } = proxy;
  const secured = tls && { username: tls.username, password: tls.password, tls: { ca: tls.ca } };
  return {
    ...{ topology, redis, proxy, connection: { host, port, ...secured } },
    servers: () => [redis],
    proxies: () => [proxy],
    somePrimary: async () => redis,
    async settled() {
      await until(async () => (await redis.command("PING").catch(() => "")) === "PONG");
    },
    async stop() {
      await proxy.close();
      await redis.stop();
    },
  };
}

async function startSentinelWorld(): Promise<SentinelWorld> {
  const group = await startSentinelGroup({ proxied: true, server: { survivesKill, users } });
  const nodes = group.sentinels.map(({ address: { host, port } }) => ({ host, port }));
  return {
    topology: "sentinel",
    ...{ group, sentinels: group.sentinels },
    connection: { sentinel: { name: group.name, nodes }, ...APP },
    servers: () => group.servers,
    proxies: () => proxiesOf(group.servers),
    primary: () => group.primary(),
    somePrimary: () => group.primary(),
    settled: () => group.settled(),
    stop: () => group.stop(),
  };
}

async function startClusterWorld(): Promise<ClusterWorld> {
  const cluster = await startReplicatedCluster({ proxied: true, server: { survivesKill } });
  const seeds = cluster.seeds().map(({ host, port }) => ({ host, port }));
  return {
    ...{ topology: "cluster", cluster, connection: { cluster: seeds } },
    servers: () => cluster.nodes,
    proxies: () => proxiesOf(cluster.nodes),
    async somePrimary(random) {
      const owners = [];
      for (const node of await cluster.primaries()) if ((await cluster.slotsOf(node)).length > 0) owners.push(node);
      return pick(random, owners);
    },
    settled: () => cluster.settled(),
    stop: () => cluster.stop(),
  };
}

function proxiesOf(servers: readonly Reachable[]): NetProxy[] {
  return servers.flatMap(({ proxy }) => (proxy === undefined ? [] : [proxy]));
}
