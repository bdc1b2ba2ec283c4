// Everything that tests of other packages may use.
export { type Certificates, makeCertificates } from "./certificates.ts";
export { type ClientProvider, connectionTo } from "./client-provider.ts";
export { findRedisServer, isRedis7OrNewer } from "./find-server.ts";
export { freePort } from "./free-port.ts";
export type { SharedRedis } from "./global-setup.ts";
export { type RedisHarnesses, type RedisUnderTest, redisHarnesses, type SuiteOptions } from "./redis-harness.ts";
export { type RedisEndpoint, type Reply, redisCommand } from "./resp-command.ts";
export { type RedisOptions, type RunningRedis, startRedis } from "./start-redis.ts";
export { startTlsRedis, type TlsEndpoint, type TlsRedisOptions } from "./start-tls-redis.ts";
export { rateLimitStoreProcess, type StoreRecipe, verificationStoreProcess } from "./store-process.ts";
export { type FailingRedis, startFailingRedis } from "./failing-redis.ts";
export { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
export { type OpenStores, type ProvokedError, provokeErrors } from "./provoke-errors.ts";
export { type RunningCluster, startRedisCluster } from "./start-redis-cluster.ts";
export { type RunningSentinel, type SentinelOptions, startSentinel } from "./start-sentinel.ts";
export { type Address, type NetProxy, type NetProxyOptions, type ReplyDrop, startNetProxy } from "./net-proxy.ts";
export type { Proxied, Reachable } from "./behind-proxy.ts";
export { caughtUp, demote, isReplicaOf, promote, type Role, roleOf } from "./replication.ts";
export { startReplica } from "./start-replica.ts";
export { startStandIn } from "./start-stand-in.ts";
export {
  type GroupSentinel,
  type GroupServer,
  type SentinelGroup,
  type SentinelGroupOptions,
  type SettledOptions,
  startSentinelGroup,
} from "./start-sentinel-group.ts";
export { answerOf, type Patience, until } from "./until.ts";
export type { ClusterNode } from "./start-cluster-node.ts";
export type {
  ClusterFailoverOptions,
  ClusterSettledOptions,
  HalfMoved,
  ReplicatedCluster,
  ReplicatedClusterOptions,
} from "./replicated-cluster.ts";
export { startReplicatedCluster } from "./start-replicated-cluster.ts";
