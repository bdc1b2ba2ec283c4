// The public names of @tollbooth-stores/redis. Core's are re-exported, listed in its own index, so one install is
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
  createNodeRedisPort,
  createNodeRedisRateLimitStore,
  createNodeRedisSessionStore,
  createNodeRedisStores,
  createNodeRedisVerificationStore,
  type NodeRedisOptions,
} from "./create-node-redis-stores.ts";
export type { NodeRedisClient } from "./node-redis-client.ts";
