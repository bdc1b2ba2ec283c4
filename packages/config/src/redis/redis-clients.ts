// The client libraries of Redis. Their code is imported only where a document names them.
import type { StoreProvider } from "../store-provider.ts";
import { redisProvider } from "./redis-provider.ts";

/** Providers `redis` (alias `node-redis`) and `ioredis`. */
export function redisProviders(): readonly StoreProvider[] {
  return [
    redisProvider({
      names: ["redis", "node-redis"],
      otherBlock: "ioredis",
      async openPort(connection, connectTimeoutMs) {
        const { createNodeRedisPort } = await import("@tollbooth-stores/redis");
        return createNodeRedisPort({ connection, connectTimeoutMs });
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
