// The client libraries of Redis. Their code is imported where a document names them, and not before.
import { StoreError } from "@tollbooth-stores/core";
import type { RedisPort } from "@tollbooth-stores/redis-protocol";
import type { StoreProvider } from "../store-provider.ts";
import { redisProvider } from "./redis-provider.ts";

/** Providers `redis` (alias `node-redis`) and `ioredis`. */
export function redisProviders(): readonly StoreProvider[] {
  return [
    redisProvider({
      names: ["redis", "node-redis"],
      otherBlock: "ioredis",
      async openPort(connection, connectTimeoutMs) {
        const library: { createNodeRedisPort?: (options: object) => RedisPort } = await import(
          "@tollbooth-stores/redis"
        );
        if (library.createNodeRedisPort === undefined) throw new StoreError("STORE_CONFIG", "redis is not there yet");
        return library.createNodeRedisPort({ connection, connectTimeoutMs });
      },
    }),
    redisProvider({
      names: ["ioredis"],
      otherBlock: "redis",
      async openPort(connection, connectTimeoutMs) {
        const { createIoredisPort } = await import("@tollbooth-stores/ioredis");
        return createIoredisPort({ connection, connectTimeoutMs });
      },
    }),
  ];
}
