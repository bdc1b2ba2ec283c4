// The three stores over one Keyv adapter, and one factory for each store. All refuse to be one of several instances.
import type { RateLimitStore, SessionStore, StoreOptions, Stores, VerificationStore } from "@tollbooth-stores/core";
import {
  createRateLimitStore,
  createSessionStore,
  createStores,
  createVerificationStore,
  StoreError,
} from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions, storeOptionNames } from "@tollbooth-stores/core/native";
import { type KeyvPortOptions, keyvPort } from "./keyv-port.ts";

/** All but `keyv` are optional. */
export interface KeyvStoresOptions extends Omit<StoreOptions, "provider" | "inProcess">, KeyvPortOptions {
  /**
   * How many processes serve with these stores. Default 1. More is refused with STORE_CONFIG, whatever `shared` says:
   * Keyv has no compare-and-set, so each instance would overwrite what another has just decided.
   */
  instances?: number | undefined;
}

const { provider: _provider, inProcess: _inProcess, ...givenOptionNames } = storeOptionNames;
const optionNames: OptionNames<KeyvStoresOptions> = {
  ...givenOptionNames,
  keyv: true,
  commandTimeoutMs: true,
  shared: true,
  durable: true,
  clock: true,
  instances: true,
};

/** The damage that two instances would do to each other's records. */
const harms = {
  rateLimits: "both would admit the same client's last call (rate limits)",
  sessions: "one's write would undo another's credit, debit or deletion (sessions)",
  verifications: "both would win the same claim or replay marker (verifications)",
} as const;

/** For one process. All users of the same adapter in it see the same state. */
export function createKeyvStores<T = unknown>(options: KeyvStoresOptions): Stores<T> {
  requireFit(options, ["rateLimits", "sessions", "verifications"]);
  return createStores<T>(keyvPort(options), storeOptions(options));
}

/** Rate limits, for one process. */
export function createKeyvRateLimitStore(options: KeyvStoresOptions): RateLimitStore {
  requireFit(options, ["rateLimits"]);
  return createRateLimitStore(keyvPort(options), storeOptions(options));
}

/** Sessions, for one process. Durable where the adapter is. */
export function createKeyvSessionStore<T = unknown>(options: KeyvStoresOptions): SessionStore<T> {
  requireFit(options, ["sessions"]);
  return createSessionStore<T>(keyvPort(options), storeOptions(options));
}

/** Verifications, for one process. Where the adapter is durable, a replay is refused after a restart too. */
export function createKeyvVerificationStore(options: KeyvStoresOptions): VerificationStore {
  requireFit(options, ["verifications"]);
  return createVerificationStore(keyvPort(options), storeOptions(options));
}

/** Throws STORE_CONFIG for an option that is unknown, and for more than one instance. */
function requireFit(options: KeyvStoresOptions, stores: readonly (keyof typeof harms)[]): void {
  requireKnownOptions(options, optionNames);
  const { instances = 1 } = options;
  if (!Number.isSafeInteger(instances) || instances < 1) {
    throw new StoreError("STORE_CONFIG", "instances must be a whole number, 1 or more.");
  }
  if (instances === 1) return;
  throw new StoreError(
    "STORE_CONFIG",
    `Keyv cannot serve several instances: it has no compare-and-set, so ${stores.map((store) => harms[store]).join("; ")}. ` +
      "Set instances to 1, or use @tollbooth-stores/ioredis or @tollbooth-stores/redis.",
  );
}

function storeOptions({
  keyPrefix,
  keySecret,
  ttlJitter,
  defaults,
  codec,
  maxValueBytes,
}: KeyvStoresOptions): StoreOptions {
  return { keyPrefix, keySecret, ttlJitter, defaults, codec, maxValueBytes, provider: "keyv" };
}
