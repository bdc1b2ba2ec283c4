// Three primaries of a real Redis Cluster without replicas: enough for keys to live on different nodes.
import type { ReplicatedCluster } from "./replicated-cluster.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";

export type RunningCluster = ReplicatedCluster;

/** Starts the nodes and waits until all agree. */
export function startRedisCluster(): Promise<RunningCluster> {
  return startReplicatedCluster({ primaries: 3, replicas: 0, nodeTimeoutMs: 2_000 });
}
