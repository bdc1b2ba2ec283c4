// How the published suites open ioredis's stores, and clients of the test's own.
import {
  type RedisEndpoint,
  type RedisHarnesses,
  type RedisUnderTest,
  redisHarnesses,
  type SuiteOptions,
} from "@tollbooth-stores/test-support";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import {
  createIoredisRateLimitStore,
  createIoredisSessionStore,
  createIoredisStores,
  createIoredisVerificationStore,
  type IoredisOptions,
  type RedisConnection,
} from "./index.ts";

export function connectionTo({ url, ca }: RedisEndpoint): RedisConnection {
  return ca === undefined ? { url } : { url, tls: { ca } };
}

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

/** The harnesses of stores that are opened from `source`, asked for each time. */
export function ioredisHarnesses(source: () => IoredisOptions, more: Omit<RedisUnderTest, "create">): RedisHarnesses {
  // A busy machine's first connection takes its time; deadlines are tested on the server that fails.
  const patience = { commandTimeoutMs: more.server?.commandTimeoutMs ?? 5_000 };
  return redisHarnesses({
    create: {
      rateLimits: (options: SuiteOptions) => createIoredisRateLimitStore({ ...patience, ...source(), ...options }),
      sessions: (options) => createIoredisSessionStore({ ...patience, ...source(), ...options }),
      verifications: (options) => createIoredisVerificationStore({ ...patience, ...source(), ...options }),
      stores: (options) => createIoredisStores({ ...patience, ...source(), ...options }),
    },
    ...more,
  });
}

/** What another process opens. */
export function processesOn(connection: RedisConnection): NonNullable<RedisUnderTest["processes"]> {
  return {
    module: new URL("../dist/index.js", import.meta.url).href,
    rateLimits: "createIoredisRateLimitStore",
    verifications: "createIoredisVerificationStore",
    options: { connection, commandTimeoutMs: 5_000 },
  };
}
