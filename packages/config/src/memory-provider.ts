// The provider `memory`: this process alone. For one instance, for tests and demonstrations.
import type { StoreOptions } from "@tollbooth-stores/core";
import {
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryVerificationStore,
  MAX_ENTRIES_LIMIT,
  type MemoryOptions,
} from "@tollbooth-stores/memory";
import { integer, readSettings, type SettingTable } from "./settings.ts";
import type { StoreBlock, StoreProvider } from "./store-provider.ts";

export const memoryTable: SettingTable<{ maxEntries: number }> = {
  maxEntries: integer(
    "How many records each store may hold; beyond, calls that would add one are refused. Default 100000.",
    {
      min: 1,
      max: MAX_ENTRIES_LIMIT,
    },
  ),
};

/** Registered by default. To control the time of configured stores in a test, register another one with a `clock`. */
export function memoryProvider(code: Pick<MemoryOptions, "clock"> = {}): StoreProvider {
  const optionsOf = ({ options, settings }: StoreBlock): MemoryOptions & StoreOptions => ({
    ...settings,
    ...code,
    ...readSettings(options, memoryTable),
  });
  return {
    names: ["memory"],
    read({ rateLimits, sessions, verifications }) {
      const limits = rateLimits && optionsOf(rateLimits);
      const session = sessions && optionsOf(sessions);
      const verification = verifications && optionsOf(verifications);
      return {
        isShared: () => false,
        open: <T>() => ({
          ...(limits && { rateLimits: createMemoryRateLimitStore(limits) }),
          ...(session && { sessions: createMemorySessionStore<T>(session) }),
          ...(verification && { verifications: createMemoryVerificationStore(verification) }),
          // There is no server to reach, and the stores share nothing.
          ping: async () => {},
          close: async () => {},
        }),
      };
    },
  };
}
