// Only the servers, without anything of a test runner: for programs that start a Redis of their own.
export { type FindOptions, findRedisServer } from "./find-server.ts";
export { type RedisOptions, type RunningRedis, startRedis } from "./start-redis.ts";
