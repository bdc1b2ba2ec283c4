// A provider over some client library, as the tests see it that every such provider runs.
import type { RateLimitStore, SessionStore, Stores, VerificationStore } from "@tollbooth-stores/core";
import type { RedisConnection, RedisPort, RedisProviderOptions } from "@tollbooth-stores/redis-protocol";
import { type RedisHarnesses, type RedisUnderTest, redisHarnesses, type SuiteOptions } from "./redis-harness.ts";
import type { RedisEndpoint } from "./resp-command.ts";

export interface ClientProvider<Client> {
  name: string;
  /** A file of the built package, as a URL: what processes of their own open. Its functions have the names of `create`'s. */
  module: string;
  create: {
    rateLimits(options: RedisProviderOptions<Client>): RateLimitStore;
    sessions(options: RedisProviderOptions<Client>): SessionStore;
    verifications(options: RedisProviderOptions<Client>): VerificationStore;
    stores(options: RedisProviderOptions<Client>): Stores;
    port(options: RedisProviderOptions<Client>): RedisPort;
  };
}

export interface ClientHarnessOptions<Client> extends Omit<RedisUnderTest, "create" | "processes"> {
  /** A client of the caller's, asked for with each store. Default: a connection of the store's own to the endpoint. */
  client?: (() => Client) | undefined;
  /** Default: the endpoint's url. */
  connection?: RedisConnection | undefined;
  /** Whether other processes open the same stores, over connections of their own. Default false. */
  processes?: boolean | undefined;
}

/** The description of a connection to a server of a test's. */
export function connectionTo({ url, ca }: RedisEndpoint): RedisConnection {
  return ca === undefined ? { url } : { url, tls: { ca } };
}

/** The published suites' harnesses for a provider. */
export function clientHarnesses<Client>(
  { create, module }: ClientProvider<Client>,
  { client, connection: described, processes = false, ...under }: ClientHarnessOptions<Client>,
): RedisHarnesses {
  const connection = described ?? connectionTo(under.endpoint);
  // A busy machine's first connection takes its time; deadlines are tested on the server that fails.
  const commandTimeoutMs = under.server?.commandTimeoutMs ?? 5_000;
  const full = (options: SuiteOptions): RedisProviderOptions<Client> => ({
    commandTimeoutMs,
    ...(client === undefined ? { connection } : { client: client() }),
    ...options,
  });
  return redisHarnesses({
    ...under,
    create: {
      rateLimits: (options) => create.rateLimits(full(options)),
      sessions: (options) => create.sessions(full(options)),
      verifications: (options) => create.verifications(full(options)),
      stores: (options) => create.stores(full(options)),
    },
    ...(processes && {
      processes: {
        module,
        rateLimits: create.rateLimits.name,
        verifications: create.verifications.name,
        options: { connection, commandTimeoutMs },
      },
    }),
  });
}
