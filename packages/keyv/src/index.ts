// The public names of @tollbooth-stores/keyv. Core's are re-exported, listed in its own index, so one install is
// enough.
export * from "@tollbooth-stores/core";
export type { KeyvLike } from "./checked-adapter.ts";
export {
  createKeyvRateLimitStore,
  createKeyvSessionStore,
  createKeyvStores,
  createKeyvVerificationStore,
  type KeyvStoresOptions,
} from "./create-keyv-stores.ts";
export { DEFAULT_COMMAND_TIMEOUT_MS, type KeyvPortOptions, keyvPort } from "./keyv-port.ts";
