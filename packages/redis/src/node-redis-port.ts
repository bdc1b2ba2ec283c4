// RedisPort over a node-redis client of the caller's: sends a command once, only over a connection that is up, and takes
// back unwritten commands.
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
  isCluster,
  isReady,
  keyPrefixOf,
  type NodeRedisClient,
  primariesOf,
  scriptClient,
  slotOwners,
  takesBack,
} from "./node-redis-client.ts";
import { isUnwritten } from "./node-redis-link.ts";

/** Characters. Less than a system buffers for a connection, more than a busy connection has on its way. */
const MOST_UNANSWERED = 1_000_000;

/** The port. It listens to the client's events until it is closed, and never closes the client. */
export function nodeRedisPort(client: NodeRedisClient): RedisPort {
  const cluster = isCluster(client);
  let closed = false;
  let unanswered = 0;
  let generation = 0;

  /** Where a command cannot be taken back, commands for a silent server must not pile up here and be sent late. */
  const isBackedUp = () => unanswered > MOST_UNANSWERED && !takesBack(client);
  const gate = connectionGate(() => {
    if (closed) throw new StoreError("STORE_CLOSED", "The connection to Redis was closed.");
    if (!client.isOpen) {
      throw new StoreError(
        "STORE_UNAVAILABLE",
        "The node-redis client that was passed as `client` is not open: call its connect(), and keep it open.",
      );
    }
    return (isReady(client) ?? true) && !isBackedUp();
  });
  const failed = (error: unknown) => gate.failed(error);
  const ready = () => {
    generation += 1;
    gate.changed();
  };
  client.on("error", failed);
  client.on("ready", ready);

  const run = async (
    command: "evalSha" | "eval",
    script: string,
    keys: readonly string[],
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<unknown> => {
    if (!client.isOpen || isReady(client) === false || isBackedUp()) throw new NotSent();
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
    // A node of a cluster that is a replica redirects each call.
    ...(cluster ? {} : { generation: () => generation }),
    connectionError: gate.connectionError,
    evalSha: (sha1, keys, args, signal) => run("evalSha", sha1, keys, args, signal),
    eval: (script, keys, args, signal) => run("eval", script, keys, args, signal),
    scan: (pattern, stepMs) =>
      scanClient({ cluster, keyPrefix: keyPrefixOf(client), primaries: () => primariesOf(client) }, pattern, stepMs),
    advice: () => clientAdvice(client),
    security: () => clientSecurity(client),
    servers: (stepMs) => askedServers({ keyPrefix: keyPrefixOf(client), primaries: () => primariesOf(client) }, stepMs),
    ...(cluster ? { tags: async () => tagOfEach(slotOwners(client)) } : {}),
    async close() {
      if (closed) return;
      closed = true;
      gate.changed();
      client.off("ready", ready);
      client.off("error", failed);
    },
  };
}
