// Knows the owner of each slot. It asks the nodes at the start, after a redirection, and while a node is away.
import { StoreError } from "@tollbooth-stores/core";
import { readTopology, type Topology, topologyRefusal } from "./cluster-topology.ts";
import type { ResolvedNode } from "./connection.ts";
import { addressOf } from "./establish.ts";
import { firstOf } from "./first-of.ts";
import { reconnectDelayMs } from "./reconnect-delay.ts";

export interface ClusterView {
  /** Undefined before the first answer. */
  topology(): Topology | undefined;
  /** Why there is no topology, or no newer one. */
  error(): unknown;
  /** The owner of a slot as a redirection told it, or as the nodes did. */
  ownerOf(slot: number): string | undefined;
  /** A server told the new owner of a slot. */
  learn(slot: number, address: string): void;
  /** Asks the nodes soon, and goes on asking while `isWell` is false. */
  refresh(): void;
  close(): void;
}

export interface ClusterViewOptions {
  seeds: readonly ResolvedNode[];
  /** Sends CLUSTER SLOTS to a node. Rejects when `signal` aborts. */
  ask(node: ResolvedNode, signal: AbortSignal): Promise<unknown>;
  /** Addresses that are better asked first: those with a connection. */
  preferred(): readonly string[];
  /** Whether every primary can be reached. */
  isWell(): boolean;
  changed(): void;
  /** Why no node told the slots. */
  failed(error: unknown): void;
}

/** How long a node is waited for before another is asked beside it. */
const PATIENCE_MS = 300;
const ASK_WITHIN_MS = 3_000;
/** How often the nodes are asked at most. */
const EVERY_MS = 100;
/** How often they are asked while a node is away. */
const UNWELL_EVERY_MS = 500;

export function clusterView({ seeds, ask, preferred, isWell, changed, failed }: ClusterViewOptions): ClusterView {
  let topology: Topology | undefined;
  let learned = new Map<number, string>();
  let lastError: unknown;
  let failures = 0;
  let turn = 0;
  let askedAtMs = -EVERY_MS;
  let underWay: AbortController | undefined;
  let next: { timer: NodeJS.Timeout; atMs: number } | undefined;
  let closed = false;

  /** Another node each time: one that is cut off may tell an old view for ever. */
  const candidates = (): ResolvedNode[] => {
    const known = new Map([...(topology?.nodes ?? []), ...seeds].map((node) => [addressOf(node), node]));
    const up = preferred().flatMap((address) => known.get(address) ?? []);
    turn += 1;
    const first = up.length === 0 ? [] : [...up.slice(turn % up.length), ...up.slice(0, turn % up.length)];
    const rest = [...known.values()].filter((node) => !up.includes(node));
    const shift = rest.length === 0 ? 0 : turn % rest.length;
    return [...first, ...rest.slice(shift), ...rest.slice(0, shift)];
  };
  const askAll = async (signal: AbortSignal): Promise<Topology> =>
    firstOf(
      candidates(),
      async (node, stop) => {
        const read = readTopology(await ask(node, stop), node);
        if (read.primaries.size === 0)
          throw new StoreError("STORE_UNAVAILABLE", "No node of the Redis Cluster serves any slot.");
        return read;
      },
      signal,
      PATIENCE_MS,
    );
  const run = async () => {
    const asking = new AbortController();
    underWay = asking;
    askedAtMs = performance.now();
    const timer = setTimeout(() => asking.abort(new Error("No node told the cluster's slots in time.")), ASK_WITHIN_MS);
    try {
      topology = await askAll(asking.signal);
      learned = new Map();
      lastError = undefined;
      failures = 0;
    } catch (error) {
      lastError = topologyRefusal(error);
      failures += 1;
      if (!closed) failed(error);
    } finally {
      clearTimeout(timer);
      underWay = undefined;
    }
    if (closed) return;
    changed();
    if (failures > 0) schedule(reconnectDelayMs(failures));
    else if (!isWell()) schedule(UNWELL_EVERY_MS);
  };
  const schedule = (inMs: number) => {
    const atMs = Math.max(performance.now() + inMs, askedAtMs + EVERY_MS);
    if (closed || (next !== undefined && next.atMs <= atMs)) return;
    clearTimeout(next?.timer);
    // While an answer is awaited, the newest wish is served after it.
    const due = () => {
      next = undefined;
      if (underWay === undefined) void run();
      else schedule(EVERY_MS);
    };
    next = { atMs, timer: setTimeout(due, Math.max(0, atMs - performance.now())) };
  };
  schedule(0);
  return {
    topology: () => topology,
    error: () => lastError,
    ownerOf: (slot) => learned.get(slot) ?? topology?.owners[slot],
    learn(slot, address) {
      learned.set(slot, address);
    },
    refresh: () => schedule(0),
    close() {
      closed = true;
      clearTimeout(next?.timer);
      underWay?.abort(new Error("The cluster's connections were closed."));
    },
  };
}
