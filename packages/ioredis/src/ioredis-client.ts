// The shape of an ioredis client: any major that fits, a single server, a Cluster, or Sentinels.
import { StoreError } from "@tollbooth-stores/core";
import { type AskServer, NotSent } from "@tollbooth-stores/redis-protocol";

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

/** The primaries of a Cluster; for any other client, the client itself. */
export function primariesOf(client: IoredisClient): AskServer[] {
  const nodes: unknown = "nodes" in client && typeof client.nodes === "function" ? client.nodes("master") : [client];
  return (Array.isArray(nodes) ? nodes : []).map((node: unknown) => async (...words: string[]) => {
    const call: unknown = typeof node === "object" && node !== null ? Reflect.get(node, "call") : undefined;
    if (typeof call !== "function") throw new NotSent();
    return Reflect.apply(call, node, words);
  });
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
 * Marks the rejections of commands that ioredis sends by itself as handled (SELECT and SUBSCRIBE after a reconnect). The
 * caller of a command still gets its failure. ioredis handles none of them, and an unhandled one ends the process.
 */
export function withHandledRejections(client: IoredisClient): IoredisClient {
  handleRejections(client, () => true);
  return client;
}

/**
 * While slots move, an ioredis Cluster sends ASKING by itself, and handles its rejection nowhere: a node that is lost then
 * ends the process. Returns a function that puts back what was replaced.
 */
export function handleAskingRejections(client: IoredisClient): () => void {
  if (!client.isCluster) return () => {};
  const known = guarded.get(client);
  const guard = known ?? { holders: 0, undo: handleRejections(client, (name) => name === "asking") };
  guard.holders += 1;
  guarded.set(client, guard);
  return () => {
    guard.holders -= 1;
    if (guard.holders > 0) return;
    guarded.delete(client);
    guard.undo();
  };
}

/** Several stores may share a client. The last one to close puts back what was replaced. */
const guarded = new WeakMap<IoredisClient, { holders: number; undo(): void }>();

function handleRejections(client: IoredisClient, isMeant: (command: unknown) => boolean): () => void {
  const replaced = new Map<object, unknown>();
  const handle = (node: unknown) => {
    if (typeof node !== "object" || node === null || replaced.has(node)) return;
    const send: unknown = Reflect.get(node, "sendCommand");
    if (typeof send !== "function") return;
    replaced.set(node, send);
    Reflect.set(node, "sendCommand", (command: unknown, ...more: unknown[]) => {
      const sent = typeof command === "object" && command !== null ? command : {};
      const promise: unknown = Reflect.get(sent, "promise");
      if (promise instanceof Promise && isMeant(Reflect.get(sent, "name"))) promise.catch(() => undefined);
      return Reflect.apply(send, node, [command, ...more]);
    });
  };
  const forget = (node: unknown) => typeof node === "object" && node !== null && replaced.delete(node);
  handle(client);
  client.on("+node", handle);
  client.on("-node", forget);
  if ("nodes" in client && typeof client.nodes === "function") for (const node of client.nodes()) handle(node);
  return () => {
    client.off("+node", handle);
    client.off("-node", forget);
    for (const [node, send] of replaced) Reflect.set(node, "sendCommand", send);
  };
}

function optionsOf(client: IoredisClient): { keyPrefix?: unknown; redisOptions?: unknown } {
  const options: unknown = "options" in client ? client.options : undefined;
  return typeof options === "object" && options !== null ? options : {};
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === "function");
}
