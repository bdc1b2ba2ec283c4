// Commands to a Redis Cluster: each to the node that owns its keys' slot, over one kept connection a primary.
//
// The clients' own cluster modes are not used: each fails in a way of its own while slots move and nodes fail (ADR 11).
import { isStoreError } from "@tollbooth-stores/core";
import { NotSent, type RedisServer } from "../redis-port.ts";
import { changes, unlessAborted } from "./changes.ts";
import { clusterNodes } from "./cluster-nodes.ts";
import { redirection } from "./cluster-topology.ts";
import { type ClusterView, clusterView } from "./cluster-view.ts";
import type { ResolvedAccess, ResolvedNode } from "./connection.ts";
import { connectionEvents, reasonOf } from "./connection-events.ts";
import { hopelessConnection } from "./connection-failures.ts";
import { DEFAULT_STEP_MS } from "./default-timeouts.ts";
import { addressOf, establish } from "./establish.ts";
import { closedConnection } from "./kept-connection.ts";
import { keySlot, tagOfEach } from "./key-slot.ts";
import { errorWord } from "./redis-errors.ts";
import type { Route, RouteOptions } from "./route.ts";
import { scanCluster } from "./scan-keys.ts";

const MOST_REDIRECTIONS = 16;

export function clusterRoute(
  { seeds, access }: { seeds: readonly ResolvedNode[]; access: ResolvedAccess },
  { library, connectTimeoutMs, provider }: RouteOptions,
): Route {
  const change = changes();
  let closed = false;
  const connect = async (node: ResolvedNode, signal: AbortSignal) =>
    establish(await library, { ...access, node }, connectTimeoutMs, signal);
  const seeking = connectionEvents({ provider, purpose: "commands" });
  const nodes = clusterNodes(connect, provider, (up) => {
    if (!up && !closed) view.refresh();
    change.tell();
  });
  const view: ClusterView = clusterView({
    seeds,
    preferred: nodes.up,
    isWell: () => nodes.up().length >= primaries().length,
    changed() {
      const topology = view.topology();
      if (topology !== undefined) {
        seeking.closed();
        nodes.follow(topology);
      }
      change.tell();
    },
    failed(error) {
      if (view.topology() !== undefined) return;
      // Until the nodes are known there is no connection that could tell.
      seeking.failed(reasonOf(error));
      seeking.connecting(undefined);
    },
    async ask(node, signal) {
      const kept = nodes.at(addressOf(node));
      if (kept?.isUp() === true) return kept.send(signal, ["CLUSTER", "SLOTS"]);
      const { link } = await connect(node, signal);
      try {
        return await unlessAborted(signal, link.send(["CLUSTER", "SLOTS"]));
      } finally {
        link.destroy();
      }
    },
  });
  const primaries = () => [...(view.topology()?.primaries.values() ?? [])];

  /** The address for some keys, or for any command without keys. */
  const addressFor = ([key]: readonly string[]): string | undefined => {
    if (key !== undefined) return view.ownerOf(keySlot(key));
    const [any] = primaries();
    return nodes.up()[0] ?? (any && addressOf(any));
  };
  const nodeFor = (keys: readonly string[]) => {
    const address = addressFor(keys);
    return address === undefined ? undefined : nodes.at(address);
  };
  const ready = async (signal: AbortSignal, keys: readonly string[]): Promise<void> => {
    for (;;) {
      if (closed) throw closedConnection();
      const node = nodeFor(keys);
      if (node?.isUp() === true) return;
      const refusal = node === undefined ? hopelessConnection(view.error()) : undefined;
      if (refusal !== undefined) throw refusal;
      const settled = change.during((next) => (node === undefined ? next : Promise.race([node.ready(signal), next])));
      await unlessAborted(signal, settled).catch((error: unknown) => {
        // A node that has left the cluster is closed. Its slots have another owner by now.
        if (signal.aborted || closed || node === nodeFor(keys)) throw error;
      });
    }
  };
  const servers = async (stepMs = DEFAULT_STEP_MS): Promise<RedisServer[]> =>
    primaries().map((node) => ({
      name: addressOf(node),
      async ask(...words) {
        const signal = AbortSignal.timeout(stepMs);
        if (closed) throw closedConnection();
        const kept = nodes.open(node);
        await kept.ready(signal);
        return unlessAborted(signal, kept.send(signal, words));
      },
    }));
  return {
    ready,
    isReady: (keys) => !closed && nodeFor(keys)?.isUp() === true,
    error: (keys) => nodeFor(keys)?.error() ?? view.error(),
    async send(keys, words, signal) {
      let node = nodeFor(keys);
      let asking = false;
      for (let redirections = 0; ; redirections += 1) {
        if (node === undefined || closed) throw new NotSent();
        if (redirections > 0) {
          // The server that redirected ran nothing, so this call still counts as unsent.
          await node.ready(signal).catch((failure: unknown) => {
            throw signal.aborted || isStoreError(failure, "STORE_CLOSED") ? new NotSent() : failure;
          });
        }
        try {
          return await (asking ? node.send(signal, ["ASKING"], words) : node.send(signal, words));
        } catch (failure) {
          if (errorWord(failure) === "CLUSTERDOWN") view.refresh();
          const redirected = redirection(failure, node.node);
          if (redirected === undefined || redirections === MOST_REDIRECTIONS) throw failure;
          if (closed) throw new NotSent();
          node = nodes.open(redirected.node);
          asking = redirected.kind === "ASK";
          if (!asking) view.learn(redirected.slot, addressOf(redirected.node));
          view.refresh();
        }
      }
    },
    scan: (pattern, stepMs = DEFAULT_STEP_MS) =>
      scanCluster(async () => (await servers(stepMs)).map(({ ask }) => ask), pattern, stepMs),
    servers,
    async tags(signal) {
      await ready(signal, []);
      return tagOfEach(view.topology()?.owners ?? []);
    },
    async close(graceMs) {
      closed = true;
      seeking.closed();
      view.close();
      change.tell();
      await nodes.close(graceMs);
    },
  };
}
