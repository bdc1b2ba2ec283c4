// The provider `memory`: this process alone. For one instance, for tests and demonstrations.
import {
  type AtomicPort,
  createRateLimitStore,
  createSessionStore,
  createVerificationStore,
  type StoreOptions,
} from "@tollbooth-stores/core";
import { checkMemoryPorts, MAX_ENTRIES_LIMIT, type MemoryOptions, memoryPortOf } from "@tollbooth-stores/memory";
import { integer, readSettings, type SettingTable } from "./settings.ts";
import type { StoreBlock, StoreName, StoreProvider } from "./store-provider.ts";

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
    provider: "memory",
    inProcess: true,
  });
  return {
    names: ["memory"],
    read({ rateLimits, sessions, verifications }) {
      const limits = rateLimits && optionsOf(rateLimits);
      const session = sessions && optionsOf(sessions);
      const verification = verifications && optionsOf(verifications);
      return {
        isShared: () => false,
        open<T>() {
          const ports: AtomicPort[] = [];
          const portOf = (store: StoreName, options: MemoryOptions) => {
            const port = memoryPortOf(store, options);
            ports.push(port);
            return port;
          };
          return {
            ...(limits && { rateLimits: createRateLimitStore(portOf("rateLimits", limits), limits) }),
            ...(session && { sessions: createSessionStore<T>(portOf("sessions", session), session) }),
            ...(verification && {
              verifications: createVerificationStore(portOf("verifications", verification), verification),
            }),
            // There is no server to reach, and the stores share nothing.
            ping: async () => {},
            check: (call) => checkMemoryPorts(ports, call),
            close: async () => {},
          };
        },
      };
    },
  };
}
