// The public names of @tollbooth-stores/memory. Core's are re-exported, listed in its own index, so one install is
// enough.
export * from "@tollbooth-stores/core";
export {
  checkMemoryPorts,
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryStores,
  createMemoryVerificationStore,
  type MemoryOptions,
  memoryPortOf,
} from "./create-memory-stores.ts";
export { DEFAULT_MAX_ENTRIES, MAX_ENTRIES_LIMIT, type MemoryPortOptions, memoryPort } from "./memory-port.ts";
