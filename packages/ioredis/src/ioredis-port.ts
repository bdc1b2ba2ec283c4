// RedisPort over an ioredis client of the caller's: sends a command once, and only over a connection that is up.
import type { Writable } from "node:stream";
import { StoreError } from "@tollbooth-stores/core";
import {
  askedServers,
  connectionGate,
  NotSent,
  type RedisPort,
  scanClient,
  tagOfEach,
} from "@tollbooth-stores/redis-protocol";
import { clientAdvice, clientSecurity } from "./client-advice.ts";
import {
  handleAskingRejections,
  type IoredisClient,
  keyPrefixOf,
  primariesOf,
  refreshSlots,
  slotOwners,
} from "./ioredis-client.ts";
import { isUnwritten } from "./ioredis-link.ts";

/** The port. It listens to the client's events until it is closed, and never closes the client. */
export function ioredisPort(client: IoredisClient): RedisPort {
  const cluster = client.isCluster;
  let setupFailed = false;
  let closed = false;
  let generation = 0;

  const isReady = () => client.status === "ready" && !setupFailed && !isBackedUp(client);
  const gate = connectionGate(() => {
    if (closed) throw new StoreError("STORE_CLOSED", "The connection to Redis was closed.");
    if (client.status === "end") {
      throw new StoreError(
        "STORE_UNAVAILABLE",
        "The ioredis client that was passed as `client` was closed by its owner; nothing was sent.",
      );
    }
    return isReady();
  });
  const failed = (error: unknown) => {
    // Where SELECT failed, ioredis goes on in database 0. A connection that was not set up as configured is not used.
    if (client.status === "connect") setupFailed = true;
    gate.failed(lastNodeError(error));
  };
  const changed = () => gate.changed();
  const connecting = () => {
    setupFailed = false;
    generation += 1;
  };
  client.on("error", failed);
  client.on("connect", connecting);
  client.on("ready", changed);
  client.on("end", changed);
  const unhandle = handleAskingRejections(client);
  // With lazyConnect the client may otherwise never connect. The error event reports a failure.
  if (client.status === "wait") client.connect().catch(() => undefined);

  const run = async (
    command: "evalsha" | "eval",
    script: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> => {
    if (!isReady()) throw new NotSent();
    return client[command](script, keys.length, ...keys, ...args).catch((error: unknown) => {
      throw isUnwritten(error) ? new NotSent() : error;
    });
  };
  return {
    name: "ioredis",
    cluster,
    ready: gate.ready,
    // A node of a cluster that is a replica redirects each call.
    ...(cluster ? {} : { generation: () => generation }),
    connectionError: gate.connectionError,
    evalSha: (sha1, keys, args) => run("evalsha", sha1, keys, args),
    eval: (source, keys, args) => run("eval", source, keys, args),
    async *scan(pattern, stepMs) {
      if (cluster) await refreshSlots(client);
      const primaries = async () => primariesOf(client);
      yield* scanClient({ cluster, keyPrefix: keyPrefixOf(client), primaries }, pattern, stepMs);
    },
    advice: () => clientAdvice(client),
    security: () => clientSecurity(client),
    servers: (stepMs) =>
      askedServers({ keyPrefix: keyPrefixOf(client), primaries: async () => primariesOf(client) }, stepMs),
    ...(cluster ? { tags: async () => tagOfEach(slotOwners(client)) } : {}),
    async close() {
      if (closed) return;
      closed = true;
      gate.changed();
      unhandle();
      client.off("error", failed);
      client.off("connect", connecting);
      client.off("ready", changed);
      client.off("end", changed);
    },
  };
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

/** A Cluster reports only that no node could be reached. The last node's error says why. */
function lastNodeError(error: unknown): unknown {
  return error instanceof Error && "lastNodeError" in error ? (error.lastNodeError ?? error) : error;
}
