// Public: the port to write for another Redis client, the stores over it, and what such ports share.
export {
  type RedisAccess,
  type RedisConnection,
  type RedisNode,
  type ResolvedAccess,
  type ResolvedConnection,
  type ResolvedNode,
  resolveConnection,
} from "./connection/connection.ts";
export { type ConnectionGate, connectionGate } from "./connection/connection-gate.ts";
export { DEFAULT_COMMAND_TIMEOUT_MS } from "./connection/default-timeouts.ts";
export { keySlot, tagOfEach } from "./connection/key-slot.ts";
export {
  parseEndpoint,
  parseRedisUrl,
  type RedisEndpoint,
  type RedisUrl,
  shownUrl,
} from "./connection/redis-address.ts";
export type { LinkTarget, OpenLink, RedisLink } from "./connection/redis-link.ts";
export type { RedisTls } from "./connection/resolve-tls.ts";
export { sharedPort } from "./connection/shared-port.ts";
export { type AskServer, askedServers, scanClient, type ScannedClient } from "./connection/scan-keys.ts";
export {
  createRedisRateLimitStore,
  createRedisSessionStore,
  createRedisStores,
  createRedisVerificationStore,
} from "./create-redis-stores.ts";
export { neededCommands } from "./doctor/needed-commands.ts";
export { type ExamineOptions, examineRedis } from "./doctor/examine-redis.ts";
export type { Check, Finding, Level } from "./doctor/finding.ts";
export type { RefusedQuestions } from "./doctor/refused-questions.ts";
export {
  type ClientAdvice,
  type ConnectionSecurity,
  NotSent,
  type RedisPort,
  type RedisServer,
  type Sentinels,
  type VisitedServer,
} from "./redis-port.ts";
export { rateLimitScripts } from "./rate-limit/limit-scripts.ts";
export type { Script } from "./scripts/script.ts";
export { sessionScripts } from "./session/session-scripts.ts";
export { verificationScripts } from "./verification/verification-scripts.ts";
export {
  type RedisFactories,
  type RedisProvider,
  type RedisProviderOptions,
  redisFactories,
} from "./redis-provider.ts";
export type { RedisStoreOptions } from "./redis-store-options.ts";
