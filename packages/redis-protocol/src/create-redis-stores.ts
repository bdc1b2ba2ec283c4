// The three stores over a RedisPort: a Redis provider without its connection.
import {
  type AtomicPort,
  type CallOptions,
  combineStores,
  createRateLimitStore,
  createSessionStore,
  createVerificationStore,
  DEFAULT_KEY_PREFIX,
  DEFAULT_TTL_JITTER,
  KEY_SUFFIX,
  type PortUse,
  type RateLimitStore,
  type SessionStore,
  StoreError,
  type StoreOptions,
  type Stores,
  type VerificationStore,
} from "@tollbooth-stores/core";
import {
  type NativePort,
  type NativeTransitions,
  type OptionNames,
  observedCheck,
  storeOptionNames,
} from "@tollbooth-stores/core/native";
import { checkScript, checkWrites } from "./check-writes.ts";
import { DEFAULT_COMMAND_TIMEOUT_MS, DEFAULT_CONNECT_TIMEOUT_MS } from "./connection/default-timeouts.ts";
import { literalPattern } from "./connection/scan-keys.ts";
import { sharedPort } from "./connection/shared-port.ts";
import { rateLimitNatives } from "./rate-limit/rate-limit-natives.ts";
import type { RedisPort } from "./redis-port.ts";
import { type ScriptRunner, scriptRunner } from "./scripts/script-runner.ts";
import { sessionNatives } from "./session/session-natives.ts";
import { verificationNatives } from "./verification/verification-natives.ts";
import { verificationScripts } from "./verification/verification-scripts.ts";

/** Options of every Redis provider, besides its connection. */
export interface RedisStoreOptions extends Omit<StoreOptions, "inProcess"> {
  /** From a call until its answer, waiting for a connection included. Milliseconds, default 500. */
  commandTimeoutMs?: number | undefined;
  /** How long `ping()` and `check()` wait for a first connection. Milliseconds, default 5,000. */
  connectTimeoutMs?: number | undefined;
  /** Calls of one tick travel together. False: each travels alone. Default true. */
  coalesce?: boolean | undefined;
  /**
   * For how long a denied client is denied without asking Redis, in milliseconds, 0 to 60,000, default 1,000. So long it may
   * take until a reset or a refund on another instance shows. 0: Redis is always asked.
   */
  denyCacheMaxMs?: number | undefined;
  /** For tests: the scripts use this clock instead of the server's TIME. */
  clock?: { now(): number } | undefined;
}

const { inProcess: _inProcess, ...givenOptionNames } = storeOptionNames;
/** Every option of `RedisStoreOptions`. */
export const redisOptionNames: OptionNames<RedisStoreOptions> = {
  ...givenOptionNames,
  commandTimeoutMs: true,
  connectTimeoutMs: true,
  coalesce: true,
  denyCacheMaxMs: true,
  clock: true,
};

function requireTimeout(value: number | undefined, name: string, standard: number): number {
  if (value === undefined) return standard;
  if (!Number.isSafeInteger(value) || value < 1 || value > 2 ** 31 - 1) {
    throw new StoreError("STORE_CONFIG", `${name} must be a whole number of milliseconds, 1 or more.`);
  }
  return value;
}

/** The checked option, in milliseconds. */
export function connectTimeoutOf({ connectTimeoutMs }: RedisStoreOptions): number {
  return requireTimeout(connectTimeoutMs, "connectTimeoutMs", DEFAULT_CONNECT_TIMEOUT_MS);
}

const DEFAULT_DENY_CACHE_MS = 1_000;
const LONGEST_DENY_CACHE_MS = 60_000;

function denyCacheMaxMsOf({ denyCacheMaxMs = DEFAULT_DENY_CACHE_MS }: RedisStoreOptions): number {
  if (Number.isSafeInteger(denyCacheMaxMs) && denyCacheMaxMs >= 0 && denyCacheMaxMs <= LONGEST_DENY_CACHE_MS) {
    return denyCacheMaxMs;
  }
  throw new StoreError("STORE_CONFIG", `denyCacheMaxMs must be a whole number from 0 to ${LONGEST_DENY_CACHE_MS}.`);
}

function coalesceOf({ coalesce = true }: RedisStoreOptions): boolean {
  if (typeof coalesce === "boolean") return coalesce;
  throw new StoreError("STORE_CONFIG", "coalesce must be true or false.");
}

function runnerOn(port: RedisPort, options: RedisStoreOptions): ScriptRunner {
  const commandTimeoutMs = requireTimeout(options.commandTimeoutMs, "commandTimeoutMs", DEFAULT_COMMAND_TIMEOUT_MS);
  return scriptRunner(port, { commandTimeoutMs, clock: options.clock, coalesce: coalesceOf(options) });
}

/** Redis, as core's stores see it: shared, every operation atomic, and as durable as the server is configured. */
function nativePort(port: RedisPort, native: NativeTransitions, more: Partial<Pick<AtomicPort, "scan">>): NativePort {
  return {
    capabilities: { shared: true, atomic: true, durable: true },
    native,
    transact: () => Promise.reject(new StoreError("STORE_CONFIG", "This store runs all of its transitions natively.")),
    close: () => port.close(),
    ...more,
  };
}

/** `keyPrefix` is used as written, default "tollbooth:rl". */
export function createRedisRateLimitStore(
  port: RedisPort,
  options: RedisStoreOptions = {},
  use: PortUse = {},
): RateLimitStore {
  const native = rateLimitNatives(runnerOn(port, options), {
    coalesce: coalesceOf(options),
    ttlJitter: options.ttlJitter ?? DEFAULT_TTL_JITTER,
    denyCacheMaxMs: denyCacheMaxMsOf(options),
    clock: options.clock,
  });
  return createRateLimitStore(nativePort(port, native, {}), { provider: port.name, ...options }, use);
}

/** `keyPrefix` is used as written, default "tollbooth:sess". */
export function createRedisSessionStore<T = unknown>(
  port: RedisPort,
  options: RedisStoreOptions = {},
  use: PortUse = {},
): SessionStore<T> {
  const native = sessionNatives(runnerOn(port, options), {
    coalesce: coalesceOf(options),
    ttlJitter: options.ttlJitter ?? DEFAULT_TTL_JITTER,
  });
  return createSessionStore<T>(nativePort(port, native, {}), { provider: port.name, ...options }, use);
}

/** `keyPrefix` is used as written, default "tollbooth:verify". */
export function createRedisVerificationStore(
  port: RedisPort,
  options: RedisStoreOptions = {},
  use: PortUse = {},
): VerificationStore {
  const keyPrefix = options.keyPrefix ?? DEFAULT_KEY_PREFIX + KEY_SUFFIX.verifications;
  const runner = runnerOn(port, options);
  const native = verificationNatives(runner, options.ttlJitter ?? DEFAULT_TTL_JITTER);
  /** SCAN is answered by a replica, too. A script on a key is not. */
  const provePrimaries = async (callOptions?: CallOptions) => {
    const calls = (await runner.tags(callOptions)).map((tag) =>
      runner.run(verificationScripts.peek, [{ keys: [`${keyPrefix}:{${tag}}:c`], args: [] }], callOptions),
    );
    await Promise.all(calls);
  };
  const more = {
    async *scan(prefix: string, callOptions?: CallOptions) {
      yield* runner.scan(`${literalPattern(prefix)}*`, callOptions);
      await provePrimaries(callOptions);
    },
  };
  return createVerificationStore(nativePort(port, native, more), { provider: port.name, ...options }, use);
}

/** The three stores on one port. Closing them, together or one by one, closes the port, unless `use` says otherwise. */
export function createRedisStores<T = unknown>(
  port: RedisPort,
  options: RedisStoreOptions = {},
  use: PortUse = {},
): Stores<T> {
  const connectTimeoutMs = connectTimeoutOf(options);
  const prefix = options.keyPrefix ?? DEFAULT_KEY_PREFIX;
  const optionsOf = (store: keyof typeof KEY_SUFFIX) => ({ ...options, keyPrefix: prefix + KEY_SUFFIX[store] });
  const runner = runnerOn(port, options);
  const share = sharedPort(port);
  return combineStores<T>(
    {
      rateLimits: createRedisRateLimitStore(share(), optionsOf("rateLimits"), use),
      sessions: createRedisSessionStore<T>(share(), optionsOf("sessions"), use),
      verifications: createRedisVerificationStore(share(), optionsOf("verifications"), use),
    },
    {
      // A script without calls proves that the server answers and that this user may run scripts. A replica may get this one:
      // it has no script of records then, and is refused when it gets the first.
      ping: (callOptions) => runner.run(checkScript, [], callOptions, connectTimeoutMs),
      check: (callOptions) =>
        observedCheck(port.name, callOptions, async () => {
          const tags = await runner.tags(callOptions, connectTimeoutMs);
          await checkWrites(runner, prefix, { ...callOptions, tags, connectTimeoutMs });
        }),
      // The last of the stores has closed the port, if it is theirs.
      close: async () => {},
    },
  );
}
