// Whether a server is part of a cluster, and how that cluster is.
import { type Checked, failure, ok, unknown } from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

const SLOTS = "16384";

/** `isDescribed`: whether the connection says that it is a cluster. */
export function checkCluster(
  { info, cluster }: ServerFacts,
  { isDescribed: described }: { readonly isDescribed: boolean },
): Checked[] {
  const enabled = info("cluster_enabled");
  if (enabled === undefined && cluster("cluster_state") === undefined) {
    return described ? [unknown("state", "The server does not tell its cluster's state.")] : [];
  }
  const isCluster = enabled === "1" || cluster("cluster_state") !== undefined;
  if (!isCluster) {
    if (!described) return [];
    return [
      failure("kind", "The connection says cluster, and this server is none.", "Describe it by `url` or `host`."),
    ];
  }
  if (!described) {
    return [
      failure(
        "kind",
        "This is a node of a cluster, and the connection describes one server.",
        "Use `cluster: [{ host, port }]`.",
      ),
    ];
  }
  const state = cluster("cluster_state");
  if (state === undefined) return [unknown("state", "The server does not tell its cluster's state (CLUSTER INFO).")];
  const assigned = cluster("cluster_slots_assigned");
  const failing = Number(cluster("cluster_slots_fail") ?? 0) + Number(cluster("cluster_slots_pfail") ?? 0);
  if (state !== "ok" || assigned !== SLOTS || failing > 0) {
    return [
      failure(
        "state",
        `The cluster's state is ${state}: ${assigned} of ${SLOTS} slots have an owner, ${failing} of them fail.`,
        "`redis-cli --cluster check` says which node is missing.",
      ),
    ];
  }
  return [
    ok(`The cluster is complete: ${cluster("cluster_size")} primaries, ${cluster("cluster_known_nodes")} nodes.`),
  ];
}
