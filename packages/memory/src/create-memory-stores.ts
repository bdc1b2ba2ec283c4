// The three stores, each over its own port, and one factory for each store.
import type { RateLimitStore, SessionStore, StoreOptions, Stores, VerificationStore } from "@tollbooth-stores/core";
import {
  combineStores,
  createRateLimitStore,
  createSessionStore,
  createVerificationStore,
  DEFAULT_KEY_PREFIX,
  isEvictableVerification,
  isKeptRecord,
  KEY_SUFFIX,
  mayDrop,
} from "@tollbooth-stores/core";
import { type MemoryPortOptions, memoryPort } from "./memory-port.ts";

/** All options are optional. `maxEntries` applies to each store. */
export interface MemoryOptions
  extends Omit<StoreOptions, "provider">,
    Pick<MemoryPortOptions, "maxEntries" | "clock"> {}

/** Only this process sees the state, and the state ends with the process. */
export function createMemoryStores<T = unknown>(options: MemoryOptions = {}): Stores<T> {
  const optionsOf = (store: keyof typeof KEY_SUFFIX) => ({
    ...options,
    keyPrefix: (options.keyPrefix ?? DEFAULT_KEY_PREFIX) + KEY_SUFFIX[store],
  });
  return combineStores<T>(
    {
      rateLimits: createMemoryRateLimitStore(optionsOf("rateLimits")),
      sessions: createMemorySessionStore<T>(optionsOf("sessions")),
      verifications: createMemoryVerificationStore(optionsOf("verifications")),
    },
    // There is no server to reach: this process answers itself.
    async (call) => call?.signal?.throwIfAborted(),
    // Each store closes its own port.
    async () => {},
  );
}

/**
 * Rate limits. At `maxEntries`, the least recently used record that is neither blocked, exhausted nor in debt makes
 * room. Where there is none, a new client is refused with STORE_CAPACITY.
 */
export function createMemoryRateLimitStore(options: MemoryOptions = {}): RateLimitStore {
  return createRateLimitStore(memoryPort({ ...portOptions(options), mayDrop }), storeOptions(options));
}

/**
 * Sessions. At `maxEntries` live records (a credit's opId is one too) creating a session is refused with
 * STORE_CAPACITY.
 */
export function createMemorySessionStore<T = unknown>(options: MemoryOptions = {}): SessionStore<T> {
  return createSessionStore<T>(memoryPort(portOptions(options)), storeOptions(options));
}

/**
 * Verifications. At `maxEntries` the least recently used record that may go makes room: a rejection, or a claim that
 * was released without a refusal. Where there is none, new claims and markers are refused with STORE_CAPACITY. Nothing
 * else is ever evicted. A result kept for duplicates takes no place of its own.
 */
export function createMemoryVerificationStore(options: MemoryOptions = {}): VerificationStore {
  const port = memoryPort({
    ...portOptions(options),
    mayDrop: isEvictableVerification,
    needsNoRoom: isKeptRecord,
  });
  return createVerificationStore(port, storeOptions(options));
}

function portOptions({ maxEntries, clock }: MemoryOptions): MemoryPortOptions {
  return { maxEntries, clock };
}

function storeOptions({ maxEntries: _maxEntries, clock: _clock, ...rest }: MemoryOptions): StoreOptions {
  return { ...rest, provider: "memory" };
}
