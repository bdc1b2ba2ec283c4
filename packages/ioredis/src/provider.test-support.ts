// ioredis's stores as the common tests see them, and clients of the test's own.
import type { ClientProvider, RedisEndpoint } from "@tollbooth-stores/redis-testkit";
import type { BorrowCluster } from "@tollbooth-stores/redis-testkit/suites";
import { Cluster, Redis } from "ioredis";
import { onTestFinished } from "vitest";
import {
  createIoredisPort,
  createIoredisRateLimitStore,
  createIoredisSessionStore,
  createIoredisStores,
  createIoredisVerificationStore,
  type IoredisClient,
} from "./index.ts";

export const provider: ClientProvider<IoredisClient> = {
  name: "ioredis",
  module: new URL("../dist/index.js", import.meta.url).href,
  create: {
    rateLimits: createIoredisRateLimitStore,
    sessions: createIoredisSessionStore,
    verifications: createIoredisVerificationStore,
    stores: createIoredisStores,
    port: createIoredisPort,
  },
};

interface ClientOptions {
  /** ioredis 5 speaks RESP2 whatever is asked for. */
  protocol?: 2 | 3;
  keyPrefix?: string;
  lazyConnect?: boolean;
}

/** A client that ends with the test that runs. */
export function clientTo({ url, ca }: RedisEndpoint, options: ClientOptions = {}): Redis {
  const client = new Redis(url, { ...options, ...(ca === undefined ? {} : { tls: { ca } }) });
  onTestFinished(() => client.disconnect());
  return client;
}

/** A cluster's client of the caller's. */
export const borrowCluster: BorrowCluster<IoredisClient> = async (nodes, keyPrefix = "") => {
  const client = new Cluster([...nodes], { redisOptions: { keyPrefix } });
  return { client, isUp: () => client.status === "ready", end: () => client.disconnect() };
};
