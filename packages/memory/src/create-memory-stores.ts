// The three stores over ports of their own, and one factory a store.
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

/** Everything may be left out. `maxEntries` is per store. */
export interface MemoryOptions
  extends Omit<StoreOptions, "provider">,
    Pick<MemoryPortOptions, "maxEntries" | "clock"> {}

/** Only the process that made it sees its state, and the state ends with it. */
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
    // Nothing to reach: this process answers itself.
    async (call) => call?.signal?.throwIfAborted(),
    // Each store closes its own port.
    async () => {},
  );
}

/**
 * Rate limits. At `maxEntries`, the least recently used record that is neither blocked, exhausted nor in debt makes
 * room; where all are, a new client is refused with STORE_CAPACITY.
 */
export function createMemoryRateLimitStore(options: MemoryOptions = {}): RateLimitStore {
  return createRateLimitStore(memoryPort({ ...portOptions(options), mayDrop }), storeOptions(options));
}

/** Sessions. At `maxEntries` live records (a credit's opId is one too) creating is refused with STORE_CAPACITY. */
export function createMemorySessionStore<T = unknown>(options: MemoryOptions = {}): SessionStore<T> {
  return createSessionStore<T>(memoryPort(portOptions(options)), storeOptions(options));
}

/**
 * Verifications. At `maxEntries` the least recently used rejection makes room; where there is none, new claims and markers
 * are refused with STORE_CAPACITY. Nothing else is ever evicted. A result kept for duplicates has its payment's place.
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
