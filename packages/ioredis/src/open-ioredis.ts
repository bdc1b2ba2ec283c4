// Opens our own connection: no command waits in ioredis's queue, and none is sent twice.
import { StoreError } from "@tollbooth-stores/core";
import { type ResolvedConnection, reconnectDelayMs } from "@tollbooth-stores/redis-protocol";
import type { IoredisClient } from "./ioredis-client.ts";

const KEEP_ALIVE_MS = 30_000;

/**
 * Starts connecting; the client's events tell how that goes. Rejects with STORE_CONFIG where ioredis is not installed.
 */
export async function openIoredis(connection: ResolvedConnection, connectTimeoutMs: number): Promise<IoredisClient> {
  const { Redis, Cluster } = await import("ioredis").catch((cause: unknown) => {
    throw new StoreError("STORE_CONFIG", "ioredis is not installed; run: npm install ioredis", { cause });
  });
  const { username, password, tls } = connection;
  const common = {
    username,
    password,
    tls,
    connectTimeout: connectTimeoutMs,
    keepAlive: KEEP_ALIVE_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // 0: a lost connection rejects its unanswered commands at once, instead of leaving them unsettled.
    maxRetriesPerRequest: 0,
  };
  switch (connection.kind) {
    case "single":
      return new Redis({ ...common, ...connection.node, db: connection.db, retryStrategy: reconnectDelayMs });
    case "sentinel":
      return new Redis({
        ...common,
        sentinels: [...connection.sentinels],
        name: connection.name,
        sentinelUsername: connection.sentinelAccess.username,
        sentinelPassword: connection.sentinelAccess.password,
        sentinelTLS: connection.sentinelAccess.tls,
        enableTLSForSentinelMode: tls !== undefined,
        db: connection.db,
        retryStrategy: reconnectDelayMs,
        sentinelRetryStrategy: reconnectDelayMs,
        // The primary has become a replica: ask the sentinels again, and send nothing again.
        reconnectOnError: (error) => error.message.startsWith("READONLY"),
      });
    case "cluster":
      return new Cluster([...connection.nodes], {
        redisOptions: common,
        enableOfflineQueue: false,
        clusterRetryStrategy: reconnectDelayMs,
        // Above 0, ioredis would resend the unanswered commands of a lost connection.
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 0,
        // Where a slot moves nothing ran, but trying for long would mean sending late.
        retryDelayOnTryAgain: 20,
        maxRedirections: 8,
        // Certificates are for the names that the cluster announces, so these names are kept.
        ...(tls === undefined ? {} : { dnsLookup: (address, found) => found(null, address) }),
      });
  }
}
