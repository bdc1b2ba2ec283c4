// How the published suites open node-redis's stores, and clients of the test's own.
import {
  type RedisEndpoint,
  type RedisHarnesses,
  type RedisUnderTest,
  redisHarnesses,
  type SuiteOptions,
} from "@tollbooth-stores/test-support";
import { createClient, createClientPool } from "redis";
import { onTestFinished } from "vitest";
import {
  createNodeRedisRateLimitStore,
  createNodeRedisSessionStore,
  createNodeRedisStores,
  createNodeRedisVerificationStore,
  type NodeRedisClient,
  type NodeRedisOptions,
  type RedisConnection,
} from "./index.ts";

export function connectionTo({ url, ca }: RedisEndpoint): RedisConnection {
  return ca === undefined ? { url } : { url, tls: { ca } };
}

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
  return connecting(createClientPool(optionsTo(endpoint), { minimum: 1, maximum: 2 }));
}

function connecting<C extends NodeRedisClient & { connect(): Promise<unknown>; destroy(): void }>(client: C): C {
  client.on("error", () => {});
  client.connect().catch(() => undefined);
  onTestFinished(() => {
    if (client.isOpen) client.destroy();
  });
  return client;
}

/** The harnesses of stores that are opened from `source`, asked for each time. */
export function nodeRedisHarnesses(
  source: () => NodeRedisOptions,
  more: Omit<RedisUnderTest, "create">,
): RedisHarnesses {
  // A busy machine's first connection takes its time; deadlines are tested on the server that fails.
  const patience = { commandTimeoutMs: more.server?.commandTimeoutMs ?? 5_000 };
  return redisHarnesses({
    create: {
      rateLimits: (options: SuiteOptions) => createNodeRedisRateLimitStore({ ...patience, ...source(), ...options }),
      sessions: (options) => createNodeRedisSessionStore({ ...patience, ...source(), ...options }),
      verifications: (options) => createNodeRedisVerificationStore({ ...patience, ...source(), ...options }),
      stores: (options) => createNodeRedisStores({ ...patience, ...source(), ...options }),
    },
    ...more,
  });
}

/** What another process opens. */
export function processesOn(connection: RedisConnection): NonNullable<RedisUnderTest["processes"]> {
  return {
    module: new URL("../dist/index.js", import.meta.url).href,
    rateLimits: "createNodeRedisRateLimitStore",
    verifications: "createNodeRedisVerificationStore",
    options: { connection, commandTimeoutMs: 5_000 },
  };
}
