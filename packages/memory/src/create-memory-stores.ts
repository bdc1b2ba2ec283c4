// The three stores, each over its own port, and one factory for each store.
import type {
  AtomicPort,
  CallOptions,
  RateLimitStore,
  SessionStore,
  StoreOptions,
  Stores,
  VerificationStore,
} from "@tollbooth-stores/core";
import {
  checkPort,
  combineStores,
  createRateLimitStore,
  createSessionStore,
  createVerificationStore,
  isEvictable,
  isEvictableVerification,
  isKeptRecord,
  type KEY_SUFFIX,
  ruleOf,
} from "@tollbooth-stores/core";
import {
  type OptionNames,
  observedCheck,
  prefixWithSuffix,
  requireKnownOptions,
  storeOptionNames,
} from "@tollbooth-stores/core/native";
import { type MemoryPortOptions, memoryPort } from "./memory-port.ts";

/** All options are optional. `maxEntries` applies to each store. */
export interface MemoryOptions
  extends Omit<StoreOptions, "provider" | "inProcess">,
    Pick<MemoryPortOptions, "maxEntries" | "clock"> {}

const { provider: _provider, inProcess: _inProcess, ...givenOptionNames } = storeOptionNames;
const optionNames: OptionNames<MemoryOptions> = { ...givenOptionNames, maxEntries: true, clock: true };

/** Only this process sees the state, and the state ends with the process. */
export function createMemoryStores<T = unknown>(options: MemoryOptions = {}): Stores<T> {
  const common = storeOptions(options);
  const ports = {
    rateLimits: memoryPortOf("rateLimits", options),
    sessions: memoryPortOf("sessions", options),
    verifications: memoryPortOf("verifications", options),
  };
  const optionsOf = (store: keyof typeof KEY_SUFFIX): StoreOptions => ({
    ...common,
    keyPrefix: prefixWithSuffix(options.keyPrefix, store),
  });
  return combineStores<T>(
    {
      rateLimits: createRateLimitStore(ports.rateLimits, optionsOf("rateLimits")),
      sessions: createSessionStore<T>(ports.sessions, optionsOf("sessions")),
      verifications: createVerificationStore(ports.verifications, optionsOf("verifications")),
    },
    {
      // There is no server to reach: this process answers itself.
      ping: async (call) => call?.signal?.throwIfAborted(),
      check: (call) => checkMemoryPorts(Object.values(ports), call),
      // Each store closes its own port.
      close: async () => {},
    },
  );
}

/**
 * The port of one store, for stores with options of their own. A port holds one store's records, at most `maxEntries`;
 * which of them may be evicted depends on the store.
 */
export function memoryPortOf(
  store: keyof typeof KEY_SUFFIX,
  { maxEntries, clock }: Pick<MemoryPortOptions, "maxEntries" | "clock"> = {},
): AtomicPort {
  const rules = {
    rateLimits: { isEvictable, shareOf: ruleOf },
    // Its subject's index, or the first credit's opId, is a record beside the session.
    sessions: { placesOfEntry: 2 },
    verifications: { isEvictable: isEvictableVerification, needsNoRoom: isKeptRecord },
  } as const;
  return memoryPort({ maxEntries, clock, ...rules[store] });
}

/** Rejects with STORE_CAPACITY where a store has no room for a new client, session or claim. Evicts nothing. */
export async function checkMemoryPorts(ports: readonly AtomicPort[], call?: CallOptions): Promise<void> {
  await observedCheck("memory", call, () => Promise.all(ports.map((port) => checkPort(port, call))));
}

/**
 * Rate limits. One rule (route, algorithm and window) takes at most three quarters of the places that it finds, so that a
 * flood through it leaves room for the others. Where it has enough, its least recently used record that is neither
 * blocked, exhausted nor in debt makes room. Where there is none, a new client of that rule is refused with
 * STORE_CAPACITY.
 */
export function createMemoryRateLimitStore(options: MemoryOptions = {}): RateLimitStore {
  const common = storeOptions(options);
  return createRateLimitStore(memoryPortOf("rateLimits", options), common);
}

/**
 * Sessions. At `maxEntries` live records (a credit's opId is one too) creating a session is refused with
 * STORE_CAPACITY.
 */
export function createMemorySessionStore<T = unknown>(options: MemoryOptions = {}): SessionStore<T> {
  const common = storeOptions(options);
  return createSessionStore<T>(memoryPortOf("sessions", options), common);
}

/**
 * Verifications. At `maxEntries` the least recently used record that may go makes room: a rejection, or a claim that
 * was released without a refusal. Where there is none, new claims and markers are refused with STORE_CAPACITY. Nothing
 * else is ever evicted. A result kept for duplicates takes no place of its own.
 */
export function createMemoryVerificationStore(options: MemoryOptions = {}): VerificationStore {
  const common = storeOptions(options);
  return createVerificationStore(memoryPortOf("verifications", options), common);
}

/** Throws STORE_CONFIG for an option that is unknown. */
function storeOptions(options: MemoryOptions): StoreOptions {
  requireKnownOptions(options, optionNames);
  const { maxEntries: _maxEntries, clock: _clock, ...rest } = options;
  return { ...rest, provider: "memory", inProcess: true };
}
