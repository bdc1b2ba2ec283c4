// The three stores over a RedisPort: a Redis provider without its connection.
import {
  type AtomicPort,
  type CallOptions,
  combineStores,
  createRateLimitStore,
  createSessionStore,
  createVerificationStore,
  DEFAULT_KEY_PREFIX,
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
  observedCheck,
  prefixWithSuffix,
} from "@tollbooth-stores/core/native";
import { checkScript, checkWrites } from "./check-writes.ts";
import { literalPattern } from "./connection/scan-keys.ts";
import { sharedPort } from "./connection/shared-port.ts";
import { rateLimitNatives } from "./rate-limit/rate-limit-natives.ts";
import type { RedisPort } from "./redis-port.ts";
import { type RedisStoreOptions, type ResolvedRedisOptions, resolveRedisOptions } from "./redis-store-options.ts";
import { type ScriptRunner, scriptRunner } from "./scripts/script-runner.ts";
import { sessionNatives } from "./session/session-natives.ts";
import { verificationNatives } from "./verification/verification-natives.ts";
import { verificationScripts } from "./verification/verification-scripts.ts";

function runnerOn(port: RedisPort, { commandTimeoutMs, clock, coalesce }: ResolvedRedisOptions): ScriptRunner {
  return scriptRunner(port, { commandTimeoutMs, clock, coalesce });
}

/** The options of core's stores. They are named as the port is, unless `provider` says otherwise. */
function storeOptionsOn(port: RedisPort, options: RedisStoreOptions): StoreOptions {
  return options.provider === undefined ? { ...options, provider: port.name } : options;
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
  const resolved = resolveRedisOptions(options);
  const native = rateLimitNatives(runnerOn(port, resolved), resolved);
  return createRateLimitStore(nativePort(port, native, {}), storeOptionsOn(port, options), use);
}

/** `keyPrefix` is used as written, default "tollbooth:sess". */
export function createRedisSessionStore<T = unknown>(
  port: RedisPort,
  options: RedisStoreOptions = {},
  use: PortUse = {},
): SessionStore<T> {
  const resolved = resolveRedisOptions(options);
  const native = sessionNatives(runnerOn(port, resolved), resolved);
  return createSessionStore<T>(nativePort(port, native, {}), storeOptionsOn(port, options), use);
}

/** `keyPrefix` is used as written, default "tollbooth:verify". */
export function createRedisVerificationStore(
  port: RedisPort,
  options: RedisStoreOptions = {},
  use: PortUse = {},
): VerificationStore {
  const resolved = resolveRedisOptions(options);
  const { keyPrefix = DEFAULT_KEY_PREFIX + KEY_SUFFIX.verifications } = options;
  const runner = runnerOn(port, resolved);
  const native = verificationNatives(runner, resolved.ttlJitter);
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
  return createVerificationStore(nativePort(port, native, more), storeOptionsOn(port, options), use);
}

/** The three stores on one port. Closing them, together or one by one, closes the port, unless `use` says otherwise. */
export function createRedisStores<T = unknown>(
  port: RedisPort,
  options: RedisStoreOptions = {},
  use: PortUse = {},
): Stores<T> {
  const resolved = resolveRedisOptions(options);
  const { connectTimeoutMs } = resolved;
  const { keyPrefix: prefix = DEFAULT_KEY_PREFIX } = options;
  const optionsOf = (store: keyof typeof KEY_SUFFIX) => ({ ...options, keyPrefix: prefixWithSuffix(prefix, store) });
  const runner = runnerOn(port, resolved);
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
