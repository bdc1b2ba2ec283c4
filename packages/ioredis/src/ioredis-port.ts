// RedisPort over ioredis: sends a command once, and only over a connection that is up.
import type { Writable } from "node:stream";
import { StoreError } from "@tollbooth-stores/core";
import { type ConnectionGate, connectionGate, NotSent, type RedisPort } from "@tollbooth-stores/redis-protocol";
import {
  type IoredisClient,
  keyPrefixOf,
  primariesOf,
  shardingDuplicate,
  withHandledRejections,
} from "./ioredis-client.ts";
import { ioredisSubscriber } from "./ioredis-subscriber.ts";

export interface IoredisPortOptions {
  /** The client, or a promise of it. */
  client: IoredisClient | Promise<IoredisClient>;
  cluster: boolean;
  /** Whether closing the port closes the client. */
  owned: boolean;
}

/** How many keys a SCAN looks at in one step. */
const SCAN_COUNT = 500;

/** How long closing our own client waits for the answers on their way, in milliseconds. */
const QUIT_MS = 500;

/** The port. It listens to the client's events until it is closed. */
export function ioredisPort({ client: source, cluster, owned }: IoredisPortOptions): RedisPort {
  let client: IoredisClient | undefined;
  let unavailable: unknown;
  let setupFailed = false;
  let closed = false;

  const gate: ConnectionGate = connectionGate(() => {
    if (closed) throw new StoreError("STORE_CLOSED", "The connection to Redis was closed.");
    if (unavailable !== undefined) throw unavailable;
    if (client === undefined || setupFailed) return false;
    if (client.status === "end") throw ended(owned);
    return client.status === "ready" && !isBackedUp(client);
  });
  const failed = (error: unknown) => {
    // Where SELECT failed, ioredis goes on in database 0. A connection that was not set up as configured is not used.
    if (client?.status === "connect") setupFailed = true;
    gate.failed(lastNodeError(error));
  };
  const changed = () => gate.changed();
  const connecting = () => {
    setupFailed = false;
  };
  const attach = (opened: IoredisClient) => {
    client = owned ? withHandledRejections(opened) : opened;
    opened.on("error", failed);
    opened.on("connect", connecting);
    opened.on("ready", changed);
    opened.on("end", changed);
    // With lazyConnect the client may otherwise never connect. The error event reports a failure.
    if (opened.status === "wait") opened.connect().catch(() => undefined);
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
  const subscriber = ioredisSubscriber(async () => withHandledRejections((await opened()).duplicate()), "ordinary");
  const sharded = ioredisSubscriber(async () => withHandledRejections(shardingDuplicate(await opened())), "sharded");

  const run = (
    command: "evalsha" | "eval",
    script: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> => {
    if (client === undefined || client.status !== "ready" || isBackedUp(client)) throw new NotSent();
    return client[command](script, keys.length, ...keys, ...args).catch((error: unknown) => {
      throw isUnwritten(error) ? new NotSent() : error;
    });
  };
  return {
    name: "ioredis",
    cluster,
    ready: gate.ready,
    connectionError: gate.connectionError,
    evalSha: async (sha1, keys, args) => run("evalsha", sha1, keys, args),
    eval: async (source, keys, args) => run("eval", source, keys, args),
    async *scan(pattern) {
      await opening;
      if (client === undefined) return;
      const own = keyPrefixOf(client);
      const match = own.replace(/[\\*?[\]]/g, "\\$&") + pattern;
      for (const node of primariesOf(client)) {
        let cursor = "0";
        do {
          const [next, keys] = await node.scan(cursor, "MATCH", match, "COUNT", SCAN_COUNT);
          for (const key of keys) yield key.slice(own.length);
          cursor = next;
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
      client.off("connect", connecting);
      client.off("ready", changed);
      client.off("end", changed);
      if (!owned) client.off("error", failed);
      else await end(client);
    },
  };
}

/** Lets the answers on their way arrive, but does not wait for a lost server. */
async function end(client: IoredisClient): Promise<void> {
  if (client.status === "ready") {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, QUIT_MS);
    });
    await Promise.race([client.quit().catch(() => undefined), patience]);
    clearTimeout(timer);
  }
  client.disconnect();
}

function ended(byUs: boolean): StoreError {
  return new StoreError(
    "STORE_UNAVAILABLE",
    byUs
      ? "The connection to Redis was closed."
      : "The ioredis client that was passed as `client` was closed by its owner; nothing was sent.",
  );
}

/**
 * Whether the socket is backed up. Data beyond the system's buffer would wait in this process and be sent however late,
 * so calls wait instead.
 */
function isBackedUp(client: IoredisClient): boolean {
  const stream: unknown = "stream" in client ? client.stream : undefined;
  return isWritable(stream) && stream.writableNeedDrain;
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === "object" && stream !== null && "writableNeedDrain" in stream;
}

/** ioredis's words for a command that it did not write. */
function isUnwritten(error: unknown): boolean {
  return error instanceof Error && /enableOfflineQueue options is false$/.test(error.message);
}

/** A Cluster reports only that no node could be reached. The last node's error says why. */
function lastNodeError(error: unknown): unknown {
  return error instanceof Error && "lastNodeError" in error ? (error.lastNodeError ?? error) : error;
}
