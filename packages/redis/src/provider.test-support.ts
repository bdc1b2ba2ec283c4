// node-redis's stores as the common tests see them, and clients of the test's own.
import type { ClientProvider, RedisEndpoint } from "@tollbooth-stores/redis-testkit";
import type { BorrowCluster } from "@tollbooth-stores/redis-testkit/suites";
import { createClient, createClientPool, createCluster } from "redis";
import { onTestFinished } from "vitest";
import {
  createNodeRedisPort,
  createNodeRedisRateLimitStore,
  createNodeRedisSessionStore,
  createNodeRedisStores,
  createNodeRedisVerificationStore,
  type NodeRedisClient,
} from "./index.ts";

export const provider: ClientProvider<NodeRedisClient> = {
  name: "node-redis",
  module: new URL("../dist/index.js", import.meta.url).href,
  create: {
    rateLimits: createNodeRedisRateLimitStore,
    sessions: createNodeRedisSessionStore,
    verifications: createNodeRedisVerificationStore,
    stores: createNodeRedisStores,
    port: createNodeRedisPort,
  },
};

interface ClientOptions {
  RESP?: 2 | 3;
  keyPrefix?: string;
}

function optionsTo({ url, ca }: RedisEndpoint): { url: string; socket?: { tls: true; ca: string } } {
  return { url, ...(ca === undefined ? {} : { socket: { tls: true as const, ca } }) };
}

/** A client that is connecting, and ends with the test that runs. */
export function clientTo(endpoint: RedisEndpoint, options: ClientOptions = {}): NodeRedisClient {
  const client = createClient({ ...optionsTo(endpoint), ...options });
  return connecting(client);
}

/** A pool of two clients, likewise. */
export function poolTo(endpoint: RedisEndpoint): NodeRedisClient {
  // As many at least as at most: the pool of redis 5 throws from a timer where it retires a client after its own destroy().
  return connecting(createClientPool(optionsTo(endpoint), { minimum: 2, maximum: 2 }));
}

function connecting<C extends NodeRedisClient & { connect(): Promise<unknown>; destroy(): void }>(client: C): C {
  client.on("error", () => {});
  client.connect().catch(() => undefined);
  onTestFinished(() => {
    if (client.isOpen) client.destroy();
  });
  return client;
}

/** A cluster's client of the caller's. */
export const borrowCluster: BorrowCluster<NodeRedisClient> = async (nodes, keyPrefix = "") => {
  const client = createCluster({ rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })), keyPrefix });
  await client.connect();
  return { client, isUp: () => client.isOpen, end: () => client.destroy() };
};
