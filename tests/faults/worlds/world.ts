// The servers that the instances share, in one of four topologies, with network proxies between.
import type { RedisConnection } from "@tollbooth-stores/ioredis";
import type {
  ClusterNode,
  GroupSentinel,
  GroupServer,
  NetProxy,
  ReplicatedCluster,
  RunningRedis,
  SentinelGroup,
} from "@tollbooth-stores/redis-testkit";
import type { Random } from "../random.ts";

export const topologies = ["single", "tls", "sentinel", "cluster"] as const;
export type Topology = (typeof topologies)[number];

interface AnyWorld {
  readonly topology: Topology;
  readonly connection: RedisConnection;
  /** Servers that hold data, replicas too. */
  servers(): readonly RunningRedis[];
  /** Before the servers that hold data, for clients only. */
  proxies(): readonly NetProxy[];
  /** The one primary, or one of the cluster's. */
  somePrimary(random: Random): Promise<RunningRedis>;
  /** Waits until all servers run, and roles and replication are as they should be. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface SingleWorld extends AnyWorld {
  readonly topology: "single" | "tls";
  readonly redis: RunningRedis;
  readonly proxy: NetProxy;
}

export interface SentinelWorld extends AnyWorld {
  readonly topology: "sentinel";
  readonly group: SentinelGroup;
  readonly sentinels: readonly GroupSentinel[];
  primary(): Promise<GroupServer>;
}

export interface ClusterWorld extends AnyWorld {
  readonly topology: "cluster";
  readonly cluster: ReplicatedCluster;
  somePrimary(random: Random): Promise<ClusterNode>;
}

export type World = SingleWorld | SentinelWorld | ClusterWorld;

export function isSingle(world: World): world is SingleWorld {
  return world.topology === "single" || world.topology === "tls";
}

export function isSentinel(world: World): world is SentinelWorld {
  return world.topology === "sentinel";
}

export function isCluster(world: World): world is ClusterWorld {
  return world.topology === "cluster";
}
