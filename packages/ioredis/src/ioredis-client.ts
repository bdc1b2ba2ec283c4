// The shape of an ioredis client: any major that fits, a single server, a Cluster, or Sentinels.
import { StoreError } from "@tollbooth-stores/core";

/** An ioredis `Redis` (also over Sentinels) or `Cluster`, of ioredis 5.11 or newer. */
export interface IoredisClient {
  readonly status: string;
  readonly isCluster: boolean;
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  connect(): Promise<void>;
  disconnect(): void;
  quit(): Promise<unknown>;
  duplicate(): IoredisClient;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  ssubscribe(...channels: string[]): Promise<unknown>;
  sunsubscribe(...channels: string[]): Promise<unknown>;
  on(event: string, listener: (...details: unknown[]) => void): unknown;
  off(event: string, listener: (...details: unknown[]) => void): unknown;
}

/** One server of a client, with what `scan` needs. */
export interface IoredisNode {
  scan(cursor: string, match: "MATCH", pattern: string, count: "COUNT", perCall: number): Promise<[string, string[]]>;
}

const methods = ["evalsha", "eval", "connect", "disconnect", "duplicate", "on", "off", "subscribe", "ssubscribe"];

/** Throws STORE_CONFIG unless the value is an ioredis client. */
export function requireIoredisClient(client: unknown): asserts client is IoredisClient {
  if (hasMethods(client, methods)) return;
  throw new StoreError(
    "STORE_CONFIG",
    hasMethods(client, ["evalSha"])
      ? "`client` is a node-redis client; pass it to createNodeRedisStores of @tollbooth-stores/redis."
      : "`client` is not an ioredis client; pass a Redis or Cluster of ioredis, or describe a `connection`.",
  );
}

export function isIoredisNode(value: unknown): value is IoredisNode {
  return hasMethods(value, ["scan"]);
}

/** The primaries of a Cluster; for any other client, the client itself. */
export function primariesOf(client: IoredisClient): IoredisNode[] {
  const nodes: unknown = "nodes" in client && typeof client.nodes === "function" ? client.nodes("master") : [client];
  return Array.isArray(nodes) ? nodes.filter(isIoredisNode) : [];
}

/** The client's own `keyPrefix` option. ioredis puts it before keys, but not before a pattern to scan for. */
export function keyPrefixOf(client: IoredisClient): string {
  const { keyPrefix } = optionsOf(client);
  return typeof keyPrefix === "string" ? keyPrefix : "";
}

/**
 * A duplicate of this Cluster that subscribes to sharded channels. It has no `keyPrefix`: ioredis would put that before
 * channel names as it does before keys, and scripts do not.
 */
export function shardingDuplicate(cluster: IoredisClient): IoredisClient {
  const { redisOptions } = optionsOf(cluster);
  const own = typeof redisOptions === "object" ? redisOptions : {};
  const overrides = { shardedSubscribers: true, keyPrefix: "", redisOptions: { ...own, keyPrefix: "" } };
  const duplicate: unknown = Reflect.apply(cluster.duplicate, cluster, [[], overrides]);
  requireIoredisClient(duplicate);
  return duplicate;
}

/**
 * Marks the rejections of commands that ioredis sends by itself as handled (SELECT and SUBSCRIBE after a reconnect,
 * ASKING while slots move). ioredis handles none of them, and an unhandled one ends the process. The caller of a
 * command still gets its failure.
 */
export function withHandledRejections(client: IoredisClient): IoredisClient {
  const handled = (node: unknown) => {
    if (typeof node !== "object" || node === null) return;
    const send: unknown = Reflect.get(node, "sendCommand");
    if (typeof send !== "function") return;
    Reflect.set(node, "sendCommand", (command: unknown, ...more: unknown[]) => {
      const promise: unknown =
        typeof command === "object" && command !== null ? Reflect.get(command, "promise") : undefined;
      if (promise instanceof Promise) promise.catch(() => undefined);
      return Reflect.apply(send, node, [command, ...more]);
    });
  };
  handled(client);
  client.on("+node", handled);
  if ("nodes" in client && typeof client.nodes === "function") for (const node of client.nodes()) handled(node);
  return client;
}

function optionsOf(client: IoredisClient): { keyPrefix?: unknown; redisOptions?: unknown } {
  const options: unknown = "options" in client ? client.options : undefined;
  return typeof options === "object" && options !== null ? options : {};
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === "function");
}
