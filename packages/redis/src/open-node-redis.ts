// Makes our own client: no command waits in node-redis's queue, and none is sent twice.
import { StoreError } from "@tollbooth-stores/core";
import { type ResolvedAccess, type ResolvedConnection, reconnectDelayMs } from "@tollbooth-stores/redis-protocol";
import type { NodeRedisClient } from "./node-redis-client.ts";

/** The client, not connected yet. Rejects with STORE_CONFIG where redis is not installed. */
export async function openNodeRedis(
  connection: ResolvedConnection,
  connectTimeoutMs: number,
): Promise<NodeRedisClient> {
  const { createClient, createCluster, createSentinel } = await import("redis").catch((cause: unknown) => {
    throw new StoreError("STORE_CONFIG", "node-redis is not installed; run: npm install redis", { cause });
  });
  const options = ({ username, password, tls }: ResolvedAccess) => ({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
    socket: {
      connectTimeout: connectTimeoutMs,
      reconnectStrategy: (retries: number) => reconnectDelayMs(retries),
      ...(tls === undefined ? {} : { tls: true as const, ...tls }),
    },
  });
  const own = options(connection);
  switch (connection.kind) {
    case "single":
      return createClient({ ...own, database: connection.db, socket: { ...own.socket, ...connection.node } });
    case "cluster":
      return createCluster({ rootNodes: connection.nodes.map((socket) => ({ socket })), defaults: own });
    case "sentinel":
      return createSentinel({
        name: connection.name,
        sentinelRootNodes: [...connection.sentinels],
        nodeClientOptions: { ...own, database: connection.db },
        sentinelClientOptions: options(connection.sentinelAccess),
        // Above 0, node-redis would resend the unanswered commands of a lost connection.
        maxCommandRediscovers: 0,
      });
  }
}
