// What a test may do with a running cluster of primaries and replicas.
import type { Proxied } from "./behind-proxy.ts";
import type { Address } from "./net-proxy.ts";
import type { ClusterNode } from "./start-cluster-node.ts";
import type { RedisOptions, RunningRedis } from "./start-redis.ts";

export interface ReplicatedClusterOptions {
  /** Default 3. Each gets an equal part of the slots. */
  primaries?: number | undefined;
  /** Of all primaries together, given to them in turn. Default 3. */
  replicas?: number | undefined;
  /** After so long without an answer a node counts as failing. Default 1,500. */
  nodeTimeoutMs?: number | undefined;
  /** For each node. `requirepass` is what nodes give each other, too. */
  server?: RedisOptions | undefined;
  /** Clients, replicas and nodes speak TLS; the endpoints have an authority and a user. Default false. */
  tls?: boolean | undefined;
  /** A network proxy before each node, announced as its address. The cluster's own bus goes past it. Default false. */
  proxied?: Proxied | undefined;
}

export interface ClusterFailoverOptions {
  /** "agreed" with the primary, which must live; "FORCE" without it; "TAKEOVER" without the other primaries, too. */
  how?: "agreed" | "FORCE" | "TAKEOVER" | undefined;
  /** Nodes that are dead or frozen. */
  except?: readonly RunningRedis[] | undefined;
}

export interface ClusterSettledOptions {
  /** Nodes that are dead or frozen. */
  except?: readonly RunningRedis[] | undefined;
  /** Default 30,000. */
  withinMs?: number | undefined;
}

/** Slots on the move: the former owner answers ASK and TRYAGAIN. */
export interface HalfMoved {
  /** Moves the rest, and waits until all nodes know the new owner. */
  finish(): Promise<void>;
}

export interface ReplicatedCluster {
  /** All members. Clients connect to the `address` of each. */
  readonly nodes: readonly ClusterNode[];
  /** The addresses of all members. */
  seeds(): Address[];
  slotOf(key: string): Promise<number>;
  /** The nodes that call themselves primaries. */
  primaries(): Promise<ClusterNode[]>;
  /** The owner of a slot by its own word; the newest where several say so. Waits until there is one. */
  primaryOf(slot: number): Promise<ClusterNode>;
  /** A node that calls itself a replica of this one. Waits until there is one. */
  replicaOf(primary: ClusterNode): Promise<ClusterNode>;
  /** By the node's own word. */
  slotsOf(node: ClusterNode): Promise<number[]>;
  /** CLUSTER FAILOVER, and waits until all is settled. */
  failover(replica: ClusterNode, options?: ClusterFailoverOptions): Promise<void>;
  /** Moves slots with their keys, and waits until all nodes know. */
  moveSlots(from: ClusterNode, to: ClusterNode, slots: readonly number[]): Promise<void>;
  /** The same, stopped once the keys that `moves` holds for have moved. */
  beginMove(
    from: ClusterNode,
    to: ClusterNode,
    slots: readonly number[],
    moves: (key: string) => boolean,
  ): Promise<HalfMoved>;
  /** A new primary without slots, or a new replica. */
  addNode(options?: { replicaOf?: ClusterNode }): Promise<ClusterNode>;
  /** Moves its slots to another primary, has all nodes forget it, and stops it. All must live. */
  removeNode(node: ClusterNode): Promise<void>;
  /** Waits until the nodes serve all slots and see the same roles and owners, and replicas are in sync. */
  settled(options?: ClusterSettledOptions): Promise<void>;
  stop(): Promise<void>;
}
