// The stores on Redis through node-redis: over your client, or over a connection of their own.
import {
  type RateLimitStore,
  type SessionStore,
  StoreError,
  type Stores,
  type VerificationStore,
} from "@tollbooth-stores/core";
import {
  type RedisFactories,
  type RedisPort,
  type RedisProviderOptions,
  redisFactories,
} from "@tollbooth-stores/redis-protocol";
import { type NodeRedisClient, requireNodeRedisClient } from "./node-redis-client.ts";
import { nodeRedisLinks } from "./node-redis-link.ts";
import { nodeRedisPort } from "./node-redis-port.ts";

/** Either `client`, which is never closed, or a `connection` that the stores open and close; and the common options. */
export type NodeRedisOptions = RedisProviderOptions<NodeRedisClient>;

const create: RedisFactories<NodeRedisClient> = redisFactories({
  name: "node-redis",
  borrow(client) {
    requireNodeRedisClient(client);
    return nodeRedisPort(client);
  },
  async library() {
    const { createClient } = await import("redis").catch((cause: unknown) => {
      throw new StoreError("STORE_CONFIG", "node-redis is not installed; run: npm install redis", { cause });
    });
    return nodeRedisLinks({ createClient });
  },
});

/**
 * The three stores over one connection. Returns at once and starts connecting; calls wait for the connection within
 * `commandTimeoutMs`. `keyPrefix` (default "tollbooth") gets `:rl`, `:sess` and `:verify` appended. Throws
 * STORE_CONFIG.
 */
export function createNodeRedisStores<T = unknown>(options: NodeRedisOptions): Stores<T> {
  return create.stores<T>(options);
}

/** One store; `keyPrefix` is used as written, default "tollbooth:rl". Otherwise as `createNodeRedisStores`. */
export function createNodeRedisRateLimitStore(options: NodeRedisOptions): RateLimitStore {
  return create.rateLimits(options);
}

/** One store; `keyPrefix` is used as written, default "tollbooth:sess". Otherwise as `createNodeRedisStores`. */
export function createNodeRedisSessionStore<T = unknown>(options: NodeRedisOptions): SessionStore<T> {
  return create.sessions<T>(options);
}

/** One store; `keyPrefix` is used as written, default "tollbooth:verify". Otherwise as `createNodeRedisStores`. */
export function createNodeRedisVerificationStore(options: NodeRedisOptions): VerificationStore {
  return create.verifications(options);
}

/** One client as a `RedisPort`, for stores that share it. The caller closes it. Throws STORE_CONFIG. */
export function createNodeRedisPort(options: NodeRedisOptions): RedisPort {
  return create.port(options);
}
