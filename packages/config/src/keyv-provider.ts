// The provider `keyv`: one instance on any Keyv adapter that the application passes in code.
import { checkPort, pingPort, StoreError, type StoreOptions } from "@tollbooth-stores/core";
import { observedCheck } from "@tollbooth-stores/core/native";
import { flag, readSettings, type SettingTable } from "./settings.ts";
import type { PerStore, StoreBlock, StoreProvider } from "./store-provider.ts";
import { timeoutTable } from "./timeout-table.ts";

interface KeyvSettings {
  commandTimeoutMs: number;
  durable: boolean;
}

export const keyvTable: SettingTable<KeyvSettings> = {
  commandTimeoutMs: timeoutTable.commandTimeoutMs,
  durable: flag("true where the adapter's data outlives the process; only declared, as capabilities.durable."),
};

/**
 * A Keyv, a storage adapter of Keyv 5 or 6, or a Map: the type that @tollbooth-stores/keyv takes. Written again here,
 * so that our declarations compile where that package is not installed.
 */
export interface KeyvLike {
  get(key: string): unknown;
  set(key: string, value: string, lifetime?: number): unknown;
  delete(key: string): unknown;
}

/** @tollbooth-stores/keyv is an optional peer: with Keyv, it needs a newer Node than this package. */
const notInstalled =
  "Provider keyv needs two packages that are not installed; run: npm install @tollbooth-stores/keyv keyv";

/** `keyv`: a Keyv, an adapter or a Map. Undefined where the application gave none, which is reported as a problem. */
export function keyvProvider(keyv: KeyvLike | undefined): StoreProvider {
  const optionsOf = ({ options, settings }: StoreBlock): StoreOptions & Partial<KeyvSettings> => {
    if (keyv === undefined) {
      options.problem("", "provider keyv needs an adapter from code: loadStores(source, { keyv: new Keyv(...) })");
    }
    return { ...settings, ...readSettings(options, keyvTable) };
  };
  return {
    names: ["keyv"],
    read({ rateLimits, sessions, verifications }) {
      const given: PerStore<StoreOptions & Partial<KeyvSettings>> = {
        ...(rateLimits && { rateLimits: optionsOf(rateLimits) }),
        ...(sessions && { sessions: optionsOf(sessions) }),
        ...(verifications && { verifications: optionsOf(verifications) }),
      };
      return {
        // Instances that share the backend cannot change it atomically: Keyv has no compare-and-set.
        isShared: () => false,
        place: () => "the one adapter",
        async open<T>() {
          if (keyv === undefined) throw new Error("A document that was refused cannot be opened.");
          const { createKeyvRateLimitStore, createKeyvSessionStore, createKeyvVerificationStore, keyvPort } =
            await import("@tollbooth-stores/keyv").catch((cause: unknown) => {
              throw new StoreError("STORE_CONFIG", notInstalled, { cause });
            });
          const { rateLimits: limits, sessions: session, verifications: verification } = given;
          const all = [limits, session, verification].flatMap((options) => options ?? []);
          const timeouts = all.flatMap(({ commandTimeoutMs }) => commandTimeoutMs ?? []);
          // The most patient store's time: an adapter that is slow, and allowed to be, can be used.
          const port = keyvPort({ keyv, ...(timeouts.length > 0 && { commandTimeoutMs: Math.max(...timeouts) }) });
          return {
            ...(limits && { rateLimits: createKeyvRateLimitStore({ keyv, ...limits }) }),
            ...(session && { sessions: createKeyvSessionStore<T>({ keyv, ...session }) }),
            ...(verification && { verifications: createKeyvVerificationStore({ keyv, ...verification }) }),
            ping: (call) => pingPort(port, call),
            check: (call) => observedCheck("keyv", call, () => checkPort(port, call, all[0]?.keyPrefix)),
            close: () => port.close(),
          };
        },
      };
    },
  };
}
