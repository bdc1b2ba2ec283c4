// What the providers of all client libraries share: the choice of the client, its ownership, and the factories.
import {
  type RateLimitStore,
  type SessionStore,
  StoreError,
  type Stores,
  type VerificationStore,
} from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { type RedisConnection, resolveConnection } from "./connection/connection.ts";
import { ownPort } from "./connection/own-port.ts";
import type { OpenLink } from "./connection/redis-link.ts";
import {
  createRedisRateLimitStore,
  createRedisSessionStore,
  createRedisStores,
  createRedisVerificationStore,
} from "./create-redis-stores.ts";
import type { RedisPort } from "./redis-port.ts";
import { type RedisStoreOptions, redisOptionNames, resolveRedisOptions } from "./redis-store-options.ts";

/** Either the caller's client, which is never closed, or a connection that the stores open and close. */
export type RedisProviderOptions<Client> = RedisStoreOptions &
  ({ client: Client; connection?: undefined } | { connection: RedisConnection; client?: undefined });

const optionNames: OptionNames<RedisProviderOptions<unknown>> = { ...redisOptionNames, client: true, connection: true };

/** What a client library gives: a port over a client of the caller's, and single connections for ours. */
export interface RedisProvider<Client> {
  /** The provider's name in telemetry, e.g. "ioredis". */
  readonly name: string;
  /** Throws STORE_CONFIG for a value that is no client of this library. Closing the port leaves the client open. */
  borrow(client: Client): RedisPort;
  /** Loads the library. Rejects with STORE_CONFIG where it is not installed. */
  library(): Promise<OpenLink>;
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
    const { client: _client, connection: _connection, ...storeOptions } = options;
    try {
      return create(port, storeOptions);
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
  requireKnownOptions(options ?? {}, optionNames);
  const { client, connection, ...storeOptions } = options ?? {};
  const { connectTimeoutMs } = resolveRedisOptions(storeOptions);
  if (client !== undefined && connection === undefined) return provider.borrow(client);
  if (client === undefined && connection !== undefined) {
    const resolved = resolveConnection(connection);
    const library = provider.library();
    // Calls get its failure, if there are any.
    library.catch(() => undefined);
    return ownPort(resolved, { provider: provider.name, library, connectTimeoutMs });
  }
  throw new StoreError("STORE_CONFIG", "Give either `client` (yours, connected) or `connection`, e.g. { url }.");
}
