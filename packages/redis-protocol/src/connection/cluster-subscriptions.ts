// Subscriptions in a cluster: ordinary channels at any primary, sharded ones at the node that owns their slot.
import { redirection } from "./cluster-topology.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { ResolvedNode } from "./connection.ts";
import { connectionEvents } from "./connection-events.ts";
import { addressOf, type Established, type Use } from "./establish.ts";
import { keySlot } from "./key-slot.ts";
import { type Subscribe, type Subscriptions, subscriptions } from "./subscriptions.ts";

export interface ClusterSubscriptions {
  subscribe: Subscribe;
  subscribeSharded: Subscribe;
  /** Closes the connections to nodes that own no slot any more, and tells their listeners. */
  follow(): void;
  close(): void;
}

export function clusterSubscriptions(
  connect: (node: ResolvedNode, signal: AbortSignal, use: Use) => Promise<Established>,
  view: ClusterView,
  provider: string,
): ClusterSubscriptions {
  const events = () => connectionEvents({ provider, purpose: "hints" }, true);
  const shards = new Map<string, Subscriptions>();
  let turn = 0;
  let closed = false;

  const ordinary = subscriptions(
    "ordinary",
    async (signal, use) => {
      const nodes = [...(view.topology()?.primaries.values() ?? [])];
      turn += 1;
      const node = nodes[turn % nodes.length];
      if (node === undefined) throw new Error("No node to subscribe at.");
      return connect(node, signal, use);
    },
    events(),
  );
  const shardAt = (node: ResolvedNode): Subscriptions => {
    if (closed) throw new Error("No subscriptions any more.");
    const address = addressOf(node);
    const known = shards.get(address);
    if (known !== undefined) return known;
    const opened = subscriptions("sharded", (signal, use) => connect(node, signal, use), events());
    shards.set(address, opened);
    return opened;
  };
  return {
    subscribe: ordinary.subscribe,
    async subscribeSharded(channel, hear, lost) {
      const owner = view.ownerOf(keySlot(channel));
      const node = view.topology()?.nodes.find((each) => addressOf(each) === owner);
      if (node === undefined) throw new Error("No node to subscribe at.");
      try {
        return await shardAt(node).subscribe(channel, hear, lost);
      } catch (error) {
        const moved = redirection(error, node);
        if (moved?.kind !== "MOVED") throw error;
        view.refresh();
        return shardAt(moved.node).subscribe(channel, hear, lost);
      }
    },
    follow() {
      const primaries = view.topology()?.primaries;
      if (primaries === undefined) return;
      for (const [address, shard] of [...shards]) {
        if (primaries.has(address)) continue;
        shards.delete(address);
        shard.close();
      }
    },
    close() {
      closed = true;
      ordinary.close();
      for (const shard of shards.values()) shard.close();
    },
  };
}
