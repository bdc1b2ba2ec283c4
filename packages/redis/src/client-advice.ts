// Settings of a caller's node-redis client that can send a call late; and how its connections are secured.
import type { ClientAdvice, ConnectionSecurity } from "@tollbooth-stores/redis-protocol";
import { isCluster, type NodeRedisClient } from "./node-redis-client.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Undefined where the client does not tell: a pool, or sentinels. */
export function clientAdvice(client: NodeRedisClient): readonly ClientAdvice[] | undefined {
  const options = optionsOf(client);
  if (options === undefined) return undefined;
  const found: ClientAdvice[] = [];
  if (options.disableOfflineQueue !== true) {
    found.push({
      topic: "queue",
      message: "The node-redis client queues commands while it has no connection, and sends them late.",
      mend: "disableOfflineQueue: true",
    });
  }
  if (fieldsOf(options.socket)?.reconnectStrategy === false) {
    found.push({
      topic: "gives-up",
      message:
        "The node-redis client gives up after one lost connection: every paid request is answered 503 from then on.",
      mend: "Leave socket.reconnectStrategy out, or give a function that returns milliseconds.",
    });
  }
  return found;
}

export function clientSecurity(client: NodeRedisClient): ConnectionSecurity {
  const options = optionsOf(client);
  if (options === undefined) return { tls: undefined, password: undefined };
  const socket = fieldsOf(options.socket);
  const isVerified = socket?.rejectUnauthorized !== false;
  return {
    tls: socket?.tls === true && (isVerified || "unverified"),
    password:
      options.credentialsProvider !== undefined || (typeof options.password === "string" && options.password !== ""),
  };
}

/** What each connection is opened with: for a cluster, its defaults. */
function optionsOf(client: NodeRedisClient): Fields | undefined {
  if (!isCluster(client)) return fieldsOf(Reflect.get(client, "options"));
  const cluster = fieldsOf(Reflect.get(client, "_options"));
  return cluster && { ...fieldsOf(cluster.defaults) };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? { ...value } : undefined;
}
