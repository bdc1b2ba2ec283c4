// RedisPort over node-redis: sends a command once, only over a connection that is up, and takes back unwritten
// commands.
import { StoreError } from "@tollbooth-stores/core";
import { connectionGate, NotSent, type RedisPort, reconnectDelayMs } from "@tollbooth-stores/redis-protocol";
import {
  endNow,
  isConnecting,
  isReady,
  keyPrefixOf,
  type NodeRedisClient,
  primariesOf,
  scanStep,
  scriptClient,
  takesBack,
} from "./node-redis-client.ts";
import { nodeRedisShardSubscriber } from "./node-redis-shard-subscriber.ts";
import { nodeRedisSubscriber } from "./node-redis-subscriber.ts";

export interface NodeRedisPortOptions {
  /** The client, or a promise of it. */
  client: NodeRedisClient | Promise<NodeRedisClient>;
  cluster: boolean;
  /** Whether the port connects the client, trying again until it is up, and closes it. */
  owned: boolean;
}

/** How many keys a SCAN looks at in one step. */
const SCAN_COUNT = 500;

/** Characters. Less than a system buffers for a connection, more than a busy connection has on its way. */
const MOST_UNANSWERED = 1_000_000;

/** How long closing our own client waits for the answers on their way, in milliseconds. */
const CLOSE_MS = 500;

/** The port. It listens to the client's events until it is closed. */
export function nodeRedisPort({ client: source, cluster, owned }: NodeRedisPortOptions): RedisPort {
  let client: NodeRedisClient | undefined;
  let unavailable: unknown;
  let closed = false;
  let unanswered = 0;
  let connected = !owned;

  /** Where a command cannot be taken back, commands for a silent server must not pile up here and be sent late. */
  const isBackedUp = (opened: NodeRedisClient) => unanswered > MOST_UNANSWERED && !takesBack(opened);
  const gate = connectionGate(() => {
    if (closed) throw new StoreError("STORE_CLOSED", "The connection to Redis was closed.");
    if (unavailable !== undefined) throw unavailable;
    if (client === undefined) return false;
    if (!owned && !client.isOpen) {
      throw new StoreError(
        "STORE_UNAVAILABLE",
        "The node-redis client that was passed as `client` is not open: call its connect(), and keep it open.",
      );
    }
    return connected && client.isOpen && (isReady(client) ?? true) && !isBackedUp(client);
  });
  const failed = (error: unknown) => gate.failed(error);
  const changed = () => gate.changed();
  const attach = (opened: NodeRedisClient) => {
    client = opened;
    opened.on("error", failed);
    opened.on("ready", changed);
    if (owned) {
      void connectUntilUp(opened, failed, () => closed).then(() => {
        connected = true;
        gate.changed();
      });
    }
    gate.changed();
  };
  const opening = "then" in source ? source.then(attach) : Promise.resolve(attach(source));
  opening.catch((error: unknown) => {
    unavailable = error;
    gate.changed();
  });
  const opened = async () => {
    await opening;
    if (client === undefined) throw new NotSent();
    return client;
  };
  const subscriber = nodeRedisSubscriber(opened);
  const sharded = nodeRedisShardSubscriber(opened);

  const run = async (
    command: "evalSha" | "eval",
    script: string,
    keys: readonly string[],
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<unknown> => {
    if (client === undefined || !client.isOpen || isReady(client) === false || isBackedUp(client)) throw new NotSent();
    const size = args.reduce((sum, arg) => sum + arg.length, script.length);
    unanswered += size;
    try {
      return await scriptClient(client, signal)[command](script, { keys: [...keys], arguments: [...args] });
    } catch (error) {
      throw isUnwritten(error) ? new NotSent() : error;
    } finally {
      unanswered -= size;
    }
  };
  return {
    name: "node-redis",
    cluster,
    ready: gate.ready,
    connectionError: gate.connectionError,
    evalSha: (sha1, keys, args, signal) => run("evalSha", sha1, keys, args, signal),
    eval: (script, keys, args, signal) => run("eval", script, keys, args, signal),
    async *scan(pattern) {
      await opening;
      if (client === undefined) return;
      const own = keyPrefixOf(client);
      const options = { MATCH: own.replace(/[\\*?[\]]/g, "\\$&") + pattern, COUNT: SCAN_COUNT };
      for (const node of await primariesOf(client)) {
        let cursor = "0";
        do {
          const step = await scanStep(node, cursor, options);
          for (const key of step.keys) yield key.slice(own.length);
          cursor = step.cursor;
        } while (cursor !== "0");
      }
    },
    subscribe: subscriber.subscribe,
    ...(cluster ? { subscribeSharded: sharded.subscribe } : {}),
    async close() {
      if (closed) return;
      closed = true;
      gate.changed();
      subscriber.close();
      sharded.close();
      await opening.catch(() => undefined);
      if (client === undefined) return;
      client.off("ready", changed);
      if (!owned) client.off("error", failed);
      else await end(client);
    },
  };
}

/**
 * A single client tries for ever by itself. A cluster or sentinels give up when no node answers, so this tries again.
 */
async function connectUntilUp(
  client: NodeRedisClient,
  failed: (error: unknown) => void,
  isClosed: () => boolean,
): Promise<void> {
  if (!isConnecting(client)) return;
  for (let attempt = 0; !isClosed(); attempt += 1) {
    try {
      await client.connect();
      return;
    } catch (error) {
      failed(error);
      await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs(attempt)).unref());
    }
  }
}

/** Lets the answers on their way arrive, but does not wait for a lost server. */
async function end(client: NodeRedisClient): Promise<void> {
  if (!isConnecting(client)) return;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  const closing = isReady(client) === false ? undefined : client.close().catch(() => undefined);
  await Promise.race([closing, patience]);
  clearTimeout(timer);
  endNow(client);
}

/** node-redis's words for a command that it did not take, or gave back before it was written. */
function isUnwritten(error: unknown): boolean {
  const words = /^The (client is closed|client is offline|queue is full|command was aborted)/;
  return error instanceof Error && words.test(error.message);
}
