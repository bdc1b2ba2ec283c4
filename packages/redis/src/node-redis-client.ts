// The shape of a node-redis client: any major that fits; a client, a pool, a cluster, or sentinels.
import { StoreError } from "@tollbooth-stores/core";
import type { AskServer } from "@tollbooth-stores/redis-protocol";

/** A client of `redis` 5.12 or newer, from createClient, createClientPool, createCluster or createSentinel. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  evalSha(sha1: string, options: ScriptOptions): Promise<unknown>;
  eval(script: string, options: ScriptOptions): Promise<unknown>;
  on(event: string, listener: (...details: unknown[]) => void): unknown;
  off(event: string, listener: (...details: unknown[]) => void): unknown;
}

export interface ScriptOptions {
  keys: string[];
  arguments: string[];
}

export type ScriptClient = Pick<NodeRedisClient, "evalSha" | "eval">;

/** Throws STORE_CONFIG unless the value is a client of node-redis. */
export function requireNodeRedisClient(client: unknown): asserts client is NodeRedisClient {
  if (hasMethods(client, ["evalSha", "eval", "on", "off", "withCommandOptions"])) return;
  throw new StoreError(
    "STORE_CONFIG",
    hasMethods(client, ["evalsha", "eval"])
      ? "`client` is an ioredis client; pass it to createIoredisStores of @tollbooth-stores/ioredis."
      : "`client` is not a node-redis client of redis 5.12 or newer; pass one, or describe a `connection`.",
  );
}

export function isCluster(client: NodeRedisClient): boolean {
  return hasMethods(client, ["nodeClient"]);
}

/** Undefined where that kind or version of client cannot tell. */
export function isReady(client: NodeRedisClient): boolean | undefined {
  const ready: unknown = Reflect.get(client, "isReady");
  if (typeof ready === "boolean") return ready;
  // A cluster of node-redis 5 is open before it knows its nodes.
  const masters: unknown = Reflect.get(client, "masters");
  return Array.isArray(masters) ? masters.length > 0 : undefined;
}

/** Of the versions that are supported, only 6 knows key prefixes. */
export function isVersion6(client: object): boolean {
  return "_keyPrefix" in client;
}

/**
 * Whether a command can be taken back before it is written. In node-redis 5, taking two commands out of the queue loses
 * the queue's end, and nothing more is written. The queue of node-redis 6 does not have that bug.
 */
export function takesBack(client: object): boolean {
  return isVersion6(client);
}

/**
 * The client with replies as strings and without node-redis's own timeouts, which cost more than the call. Where the
 * client takes back commands, a command that is not written when `signal` aborts never is.
 */
export function scriptClient(client: NodeRedisClient, abortSignal: AbortSignal): ScriptClient {
  const options = { timeout: 0, typeMapping: {}, ...(takesBack(client) ? { abortSignal } : {}) };
  const optioned = call(client, "withCommandOptions", options);
  if (!isScriptClient(optioned)) throw new StoreError("STORE_CONFIG", "`client` cannot run scripts.");
  return optioned;
}

/** The primaries of a cluster; for any other client, the client itself. */
export async function primariesOf(client: NodeRedisClient): Promise<AskServer[]> {
  const nodes = isCluster(client) ? knownPrimaries(client) : [client];
  return nodes.map((node) => async (...words: string[]) => {
    // A node that is lost has no client. Only what asks it fails.
    const server = isCluster(client) ? await call(client, "nodeClient", node) : node;
    return call(plain(server), "sendCommand", ...commandOf(server, words));
  });
}

/** A client of sentinels takes an argument more before the command. */
function commandOf(node: unknown, words: readonly string[]): unknown[] {
  return hasMethods(node, ["getSentinelNode"]) ? [false, words] : [words];
}

/** The client's own `keyPrefix` option. node-redis puts it before keys, but not before a pattern to scan for. */
export function keyPrefixOf(client: NodeRedisClient): string {
  const prefix: unknown = Reflect.get(client, "_keyPrefix");
  return typeof prefix === "string" || Buffer.isBuffer(prefix) ? prefix.toString() : "";
}

/** The primary that a cluster's client takes for each slot's owner, as "host:port". */
export function slotOwners(cluster: NodeRedisClient): (string | undefined)[] {
  const slots: unknown = Reflect.get(cluster, "slots");
  return (Array.isArray(slots) ? slots : []).map((slot: unknown) => addressOf(property(slot, "master")));
}

function knownPrimaries(cluster: NodeRedisClient): unknown[] {
  const masters: unknown = Reflect.get(cluster, "masters");
  return Array.isArray(masters) ? masters : [];
}

function addressOf(node: unknown): string | undefined {
  const address = property(node, "address");
  return typeof address === "string" ? address : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isScriptClient(value: unknown): value is ScriptClient {
  return hasMethods(value, ["evalSha", "eval"]);
}

function plain(client: unknown): unknown {
  return call(client, "withCommandOptions", { typeMapping: {} });
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === "function");
}

/** Calls a method found by shape, not by type: node-redis's types differ between kinds and majors. */
function call(target: unknown, method: string, ...args: unknown[]): unknown {
  const found = property(target, method);
  if (typeof found !== "function") throw new Error(`This kind of client has no ${method}.`);
  return Reflect.apply(found, target, args);
}
