// Public: the port to write for another Redis client, and the stores over it.
export {
  createRedisRateLimitStore,
  createRedisSessionStore,
  createRedisStores,
  createRedisVerificationStore,
  type RedisStoreOptions,
} from "./create-redis-stores.ts";
export { NotSent, type RedisPort } from "./redis-port.ts";
export { rateLimitScript, type Script, sessionScript, verificationScript } from "./scripts.ts";
