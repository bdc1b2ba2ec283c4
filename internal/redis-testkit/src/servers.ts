// Only the programs, without anything of a test runner: for code that starts a Redis or a browser without one.
export { findChromium } from "./find-chromium.ts";
export { findPrometheus, findPromtool } from "./find-prometheus.ts";
export { type FindOptions, findHaproxy, findRedisCli, findRedisServer } from "./find-server.ts";
export { freePort } from "./free-port.ts";
export { type GuardedProcess, startGuarded } from "./guarded-process.ts";
export { type RedisOptions, type RunningRedis, startRedis } from "./start-redis.ts";
