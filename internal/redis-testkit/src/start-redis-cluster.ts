// Three primaries of a real Redis Cluster without replicas: enough for keys to live on different nodes.
import type { ReplicatedCluster } from "./replicated-cluster.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";

export type RunningCluster = ReplicatedCluster;

/** Starts the nodes and waits until all agree. `config` holds any other lines of redis.conf. */
export function startRedisCluster(config: readonly string[] = []): Promise<RunningCluster> {
  return startReplicatedCluster({ primaries: 3, replicas: 0, nodeTimeoutMs: 2_000, server: { config } });
}
