// The public names of @tollbooth-stores/memory. The core façades come along, so that one install is enough.
export { isStoreError } from "@tollbooth-stores/core";
export {
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryStores,
  createMemoryVerificationStore,
  type MemoryOptions,
} from "./create-memory-stores.ts";
export { DEFAULT_MAX_ENTRIES, type MemoryPortOptions, memoryPort } from "./memory-port.ts";
