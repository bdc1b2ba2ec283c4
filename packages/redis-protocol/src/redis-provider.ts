// What the providers over one client library or another have in common: which client, whose it is, and the four factories.
import {
  type RateLimitStore,
  type SessionStore,
  StoreError,
  type Stores,
  type VerificationStore,
} from "@tollbooth-stores/core";
import { type RedisConnection, type ResolvedConnection, resolveConnection } from "./connection/connection.ts";
import {
  connectTimeoutOf,
  createRedisRateLimitStore,
  createRedisSessionStore,
  createRedisStores,
  createRedisVerificationStore,
  type RedisStoreOptions,
} from "./create-redis-stores.ts";
import type { RedisPort } from "./redis-port.ts";

/** Either a client of the caller's, which is never closed, or a connection that the stores open and close. */
export type RedisProviderOptions<Client> = RedisStoreOptions &
  ({ client: Client; connection?: undefined } | { connection: RedisConnection; client?: undefined });

/** How a client library makes ports. Closing such a port ends what it opened itself, and nothing else. */
export interface RedisProvider<Client> {
  /** Throws STORE_CONFIG for what is no client of this library. */
  borrow(client: Client): RedisPort;
  /** Starts connecting and answers at once. */
  open(connection: ResolvedConnection, connectTimeoutMs: number): RedisPort;
}

export interface RedisFactories<Client> {
  /** The port alone, for stores that are to share one client. Whoever asks for it closes it. Throws STORE_CONFIG. */
  port(options: RedisProviderOptions<Client>): RedisPort;
  stores<T = unknown>(options: RedisProviderOptions<Client>): Stores<T>;
  rateLimits(options: RedisProviderOptions<Client>): RateLimitStore;
  sessions<T = unknown>(options: RedisProviderOptions<Client>): SessionStore<T>;
  verifications(options: RedisProviderOptions<Client>): VerificationStore;
}

/** The factories of a provider: every store closes its port. */
export function redisFactories<Client>(provider: RedisProvider<Client>): RedisFactories<Client> {
  const made = <S>(
    options: RedisProviderOptions<Client>,
    create: (port: RedisPort, options: RedisStoreOptions) => S,
  ): S => {
    const port = portOf(provider, options);
    try {
      return create(port, options);
    } catch (error) {
      // Wrong options: nothing must be left open.
      void port.close();
      throw error;
    }
  };
  return {
    port: (options) => portOf(provider, options),
    stores: <T>(options: RedisProviderOptions<Client>) => made(options, createRedisStores<T>),
    rateLimits: (options) => made(options, createRedisRateLimitStore),
    sessions: <T>(options: RedisProviderOptions<Client>) => made(options, createRedisSessionStore<T>),
    verifications: (options) => made(options, createRedisVerificationStore),
  };
}

function portOf<Client>(provider: RedisProvider<Client>, options: RedisProviderOptions<Client>): RedisPort {
  const { client, connection } = options;
  if (client !== undefined && connection === undefined) return provider.borrow(client);
  if (client === undefined && connection !== undefined) {
    return provider.open(resolveConnection(connection), connectTimeoutOf(options));
  }
  throw new StoreError("STORE_CONFIG", "Give either `client` (yours, connected) or `connection`, e.g. { url }.");
}
