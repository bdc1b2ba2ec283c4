// Opens a connection of our own: nothing waits in a queue of ioredis's, and nothing is sent twice.
import { StoreError } from "@tollbooth-stores/core";
import { type ResolvedConnection, reconnectDelayMs } from "@tollbooth-stores/redis-protocol";
import type { IoredisClient } from "./ioredis-client.ts";

const KEEP_ALIVE_MS = 30_000;

/** Starts connecting; says by its events how that goes. Rejects with STORE_CONFIG where ioredis is not installed. */
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
    // 0: a lost connection rejects what it had not answered at once, instead of leaving it unsettled.
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
        // A primary that has become a replica: ask the sentinels again, and send nothing again.
        reconnectOnError: (error) => error.message.startsWith("READONLY"),
      });
    case "cluster":
      return new Cluster([...connection.nodes], {
        redisOptions: common,
        enableOfflineQueue: false,
        clusterRetryStrategy: reconnectDelayMs,
        // More than 0, and ioredis sends again what a lost connection had not answered.
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 0,
        // Where a slot moves nothing ran, but to try for long would be to send late.
        retryDelayOnTryAgain: 20,
        maxRedirections: 8,
        // Certificates are for the names that the cluster tells: keep them.
        ...(tls === undefined ? {} : { dnsLookup: (address, found) => found(null, address) }),
      });
  }
}
