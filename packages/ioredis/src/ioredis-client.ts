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
  on(event: string, listener: (...details: unknown[]) => void): unknown;
  off(event: string, listener: (...details: unknown[]) => void): unknown;
}

const methods = ["evalsha", "eval", "connect", "disconnect", "on", "off"];

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

/** The primaries of a Cluster; for any other client, the client itself. Commands are sent without a key prefix. */
export function primariesOf(client: IoredisClient): AskServer[] {
  const nodes: unknown = "nodes" in client && typeof client.nodes === "function" ? client.nodes("master") : [client];
  return (Array.isArray(nodes) ? nodes : []).map(
    (node: unknown) =>
      async (...words: string[]) =>
        askRaw(node, words),
  );
}

/** Without the client's options, of which `call` would put the key prefix before what it takes for a key. */
async function askRaw(node: unknown, words: readonly string[]): Promise<unknown> {
  if (!hasMethods(node, ["call", "sendCommand"])) throw new NotSent();
  const bare = { options: {}, sendCommand: (...sent: unknown[]) => invoke(node, "sendCommand", sent) };
  return invoke(node, "call", words, bare);
}

function invoke(target: unknown, method: string, words: readonly unknown[], on: unknown = target): unknown {
  const found: unknown = typeof target === "object" && target !== null ? Reflect.get(target, method) : undefined;
  if (typeof found !== "function") throw new NotSent();
  return Reflect.apply(found, on, words);
}

/** The address of each slot's owner, as a Cluster knows it. */
export function slotOwners(cluster: IoredisClient): (string | undefined)[] {
  const slots: unknown = Reflect.get(cluster, "slots");
  return (Array.isArray(slots) ? slots : []).map((nodes: unknown) =>
    Array.isArray(nodes) ? String(nodes[0]) : undefined,
  );
}

/** ioredis drops a node that is lost, and looks for it again only when a command fails. */
export async function refreshSlots(cluster: IoredisClient): Promise<void> {
  const refresh: unknown = Reflect.get(cluster, "refreshSlotsCache");
  if (typeof refresh !== "function") return;
  await new Promise<void>((resolve) => {
    Reflect.apply(refresh, cluster, [() => resolve()]);
  });
}

/** The client's own `keyPrefix` option. ioredis puts it before keys, but not before a pattern to scan for. */
export function keyPrefixOf(client: IoredisClient): string {
  const options: unknown = Reflect.get(client, "options");
  const keyPrefix: unknown = typeof options === "object" && options !== null ? Reflect.get(options, "keyPrefix") : "";
  return typeof keyPrefix === "string" ? keyPrefix : "";
}

/**
 * While slots move, an ioredis Cluster sends ASKING by itself, and handles its rejection nowhere: a node that is lost then
 * ends the process. Returns a function that puts back what was replaced.
 */
export function handleAskingRejections(client: IoredisClient): () => void {
  if (!client.isCluster) return () => {};
  const known = guarded.get(client);
  const guard = known ?? { holders: 0, undo: handleRejections(client) };
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

function handleRejections(client: IoredisClient): () => void {
  const replaced = new Map<object, unknown>();
  const handle = (node: unknown) => {
    if (typeof node !== "object" || node === null || replaced.has(node)) return;
    const send: unknown = Reflect.get(node, "sendCommand");
    if (typeof send !== "function") return;
    replaced.set(node, send);
    Reflect.set(node, "sendCommand", (command: unknown, ...more: unknown[]) => {
      const sent = typeof command === "object" && command !== null ? command : {};
      const promise: unknown = Reflect.get(sent, "promise");
      if (promise instanceof Promise && Reflect.get(sent, "name") === "asking") promise.catch(() => undefined);
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

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === "function");
}
