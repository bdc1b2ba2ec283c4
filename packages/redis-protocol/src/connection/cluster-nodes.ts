// The kept connections to a cluster's nodes: one for each primary, and for nodes that slots are moving to.
import type { Topology } from "./cluster-topology.ts";
import type { ResolvedNode } from "./connection.ts";
import { connectionEvents } from "./connection-events.ts";
import { addressOf, type Established } from "./establish.ts";
import { type KeptConnection, keptConnection } from "./kept-connection.ts";

export interface ClusterNode extends KeptConnection {
  readonly node: ResolvedNode;
}

export interface ClusterNodes {
  /** The connection to a node, opened if need be. */
  open(node: ResolvedNode): ClusterNode;
  at(address: string): ClusterNode | undefined;
  /** The addresses of the primaries whose connections are up. */
  up(): string[];
  /** Connects to every primary. Closes the connections to nodes that have left the cluster. */
  follow(topology: Topology): void;
  close(graceMs: number): Promise<void>;
}

/** How long the connection to a node that owns no slot yet is kept after its last use. */
const SPARE_MS = 10_000;
/** What a node that left may still answer. */
const LEFT_GRACE_MS = 1_000;

export function clusterNodes(
  connect: (node: ResolvedNode, signal: AbortSignal) => Promise<Established>,
  provider: string,
  changed: (up: boolean) => void,
): ClusterNodes {
  const nodes = new Map<string, { kept: ClusterNode; usedAtMs: number; isPrimary: boolean }>();
  const open = (node: ResolvedNode): ClusterNode => {
    const address = addressOf(node);
    const known = nodes.get(address);
    if (known !== undefined) {
      known.usedAtMs = performance.now();
      return known.kept;
    }
    const kept = keptConnection({
      connect: (signal) => connect(node, signal),
      server: address,
      events: connectionEvents({ provider, purpose: "commands" }),
      changed,
    });
    const opened = { kept: { ...kept, node }, usedAtMs: performance.now(), isPrimary: false };
    nodes.set(address, opened);
    return opened.kept;
  };
  return {
    open,
    at: (address) => nodes.get(address)?.kept,
    up: () => [...nodes].flatMap(([address, { kept, isPrimary }]) => (isPrimary && kept.isUp() ? [address] : [])),
    follow({ primaries }) {
      for (const node of primaries.values()) open(node);
      for (const [address, each] of [...nodes]) {
        each.isPrimary = primaries.has(address);
        if (each.isPrimary || (each.kept.isUp() && performance.now() - each.usedAtMs < SPARE_MS)) continue;
        nodes.delete(address);
        void each.kept.close(LEFT_GRACE_MS);
      }
    },
    async close(graceMs) {
      await Promise.all([...nodes.values()].map(({ kept }) => kept.close(graceMs)));
    },
  };
}
