// What the providers of all client libraries share: the choice of the client, its ownership, and the factories.
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

/** Either the caller's client, which is never closed, or a connection that the stores open and close. */
export type RedisProviderOptions<Client> = RedisStoreOptions &
  ({ client: Client; connection?: undefined } | { connection: RedisConnection; client?: undefined });

/** How a client library makes ports. Closing a port ends only what the port opened itself. */
export interface RedisProvider<Client> {
  /** Throws STORE_CONFIG for a value that is no client of this library. */
  borrow(client: Client): RedisPort;
  /** Starts connecting and returns at once. */
  open(connection: ResolvedConnection, connectTimeoutMs: number): RedisPort;
}

export interface RedisFactories<Client> {
  /** The port alone, for stores that share one client. The caller closes it. Throws STORE_CONFIG. */
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
