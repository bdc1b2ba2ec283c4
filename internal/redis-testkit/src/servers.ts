// Only the programs, without anything of a test runner: for whoever starts a Redis or a browser without one.
export { findChromium } from "./find-chromium.ts";
export { type FindOptions, findHaproxy, findRedisCli, findRedisServer } from "./find-server.ts";
export { type RedisOptions, type RunningRedis, startRedis } from "./start-redis.ts";
