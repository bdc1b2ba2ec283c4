// The options of every Redis provider besides its connection: checked, and completed with defaults.
import { resolveStoreOptions, StoreError, type StoreOptions } from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions, storeOptionNames } from "@tollbooth-stores/core/native";
import { DEFAULT_COMMAND_TIMEOUT_MS, DEFAULT_CONNECT_TIMEOUT_MS } from "./connection/default-timeouts.ts";

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

/** What Redis stores use themselves of their options. Core's stores check and complete the others. */
export interface ResolvedRedisOptions {
  commandTimeoutMs: number;
  connectTimeoutMs: number;
  coalesce: boolean;
  denyCacheMaxMs: number;
  ttlJitter: number;
  clock: RedisStoreOptions["clock"];
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const DEFAULT_DENY_CACHE_MS = 1_000;
const LONGEST_DENY_CACHE_MS = 60_000;

/** Checks every option, those of core too. Throws STORE_CONFIG, naming the option, where one is wrong or unknown. */
export function resolveRedisOptions(options: RedisStoreOptions): ResolvedRedisOptions {
  requireKnownOptions(options, redisOptionNames);
  // A null is no default, so that no option is completed with `??`.
  const {
    commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS,
    connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS,
    coalesce = true,
    denyCacheMaxMs = DEFAULT_DENY_CACHE_MS,
    clock,
    ...common
  } = options;
  const { ttlJitter } = resolveStoreOptions(common, "sessions");
  requireTimeout(commandTimeoutMs, "commandTimeoutMs");
  requireTimeout(connectTimeoutMs, "connectTimeoutMs");
  if (typeof coalesce !== "boolean") throw wrong("coalesce must be true or false.");
  if (!Number.isSafeInteger(denyCacheMaxMs) || denyCacheMaxMs < 0 || denyCacheMaxMs > LONGEST_DENY_CACHE_MS) {
    throw wrong(`denyCacheMaxMs must be a whole number from 0 to ${LONGEST_DENY_CACHE_MS}.`);
  }
  if (clock !== undefined && typeof clock?.now !== "function") throw wrong("clock must have the function now.");
  return { commandTimeoutMs, connectTimeoutMs, coalesce, denyCacheMaxMs, ttlJitter, clock };
}

function requireTimeout(ms: number, name: string): void {
  if (Number.isSafeInteger(ms) && ms >= 1 && ms <= LONGEST_TIMEOUT_MS) return;
  throw wrong(`${name} must be a whole number of milliseconds from 1 to ${LONGEST_TIMEOUT_MS}.`);
}

function wrong(message: string): StoreError {
  return new StoreError("STORE_CONFIG", message);
}
