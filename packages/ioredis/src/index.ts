// The public names of @tollbooth-stores/ioredis. Core's are re-exported, listed in its own index, so one install is
// enough.
export * from "@tollbooth-stores/core";
export type {
  RedisAccess,
  RedisConnection,
  RedisNode,
  RedisPort,
  RedisStoreOptions,
  RedisTls,
} from "@tollbooth-stores/redis-protocol";
export {
  createIoredisPort,
  createIoredisRateLimitStore,
  createIoredisSessionStore,
  createIoredisStores,
  createIoredisVerificationStore,
  type IoredisOptions,
} from "./create-ioredis-stores.ts";
export type { IoredisClient } from "./ioredis-client.ts";
