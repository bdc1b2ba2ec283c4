// The stores on Redis through ioredis: over your client, or over a connection of their own.
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
import { type IoredisClient, requireIoredisClient } from "./ioredis-client.ts";
import { ioredisLinks } from "./ioredis-link.ts";
import { ioredisPort } from "./ioredis-port.ts";

/** Either `client`, which is never closed, or a `connection` that the stores open and close; and the common options. */
export type IoredisOptions = RedisProviderOptions<IoredisClient>;

const create: RedisFactories<IoredisClient> = redisFactories({
  name: "ioredis",
  borrow(client) {
    requireIoredisClient(client);
    return ioredisPort(client);
  },
  async library() {
    const { Redis } = await import("ioredis").catch((cause: unknown) => {
      throw new StoreError("STORE_CONFIG", "ioredis is not installed; run: npm install ioredis", { cause });
    });
    return ioredisLinks({ Redis });
  },
});

/**
 * The three stores over one connection. Returns at once and starts connecting; calls wait for the connection within
 * `commandTimeoutMs`. `keyPrefix` (default "tollbooth") gets `:rl`, `:sess` and `:verify` appended. Throws
 * STORE_CONFIG.
 */
export function createIoredisStores<T = unknown>(options: IoredisOptions): Stores<T> {
  return create.stores<T>(options);
}

/** One store; `keyPrefix` is used as written, default "tollbooth:rl". Otherwise as `createIoredisStores`. */
export function createIoredisRateLimitStore(options: IoredisOptions): RateLimitStore {
  return create.rateLimits(options);
}

/** One store; `keyPrefix` is used as written, default "tollbooth:sess". Otherwise as `createIoredisStores`. */
export function createIoredisSessionStore<T = unknown>(options: IoredisOptions): SessionStore<T> {
  return create.sessions<T>(options);
}

/** One store; `keyPrefix` is used as written, default "tollbooth:verify". Otherwise as `createIoredisStores`. */
export function createIoredisVerificationStore(options: IoredisOptions): VerificationStore {
  return create.verifications(options);
}

/** One client as a `RedisPort`, for stores that share it. The caller closes it. Throws STORE_CONFIG. */
export function createIoredisPort(options: IoredisOptions): RedisPort {
  return create.port(options);
}
