// The provider `memory`: this process alone, for one instance, for tests and demonstrations.
import type { StoreOptions } from "@tollbooth-stores/core";
import {
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryVerificationStore,
  MAX_ENTRIES_LIMIT,
  type MemoryOptions,
} from "@tollbooth-stores/memory";
import type { StoreBlock, StoreProvider } from "./store-provider.ts";

/** Registered by itself. Register another, with a `clock`, to let a test step the time of configured stores. */
export function memoryProvider(code: Pick<MemoryOptions, "clock"> = {}): StoreProvider {
  const optionsOf = ({ options, settings }: StoreBlock): MemoryOptions & StoreOptions => ({
    ...settings,
    ...code,
    maxEntries: options.integer("maxEntries", { min: 1, max: MAX_ENTRIES_LIMIT }),
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
          // Nothing to reach, and nothing that the stores share.
          ping: async () => {},
          close: async () => {},
        }),
      };
    },
  };
}
