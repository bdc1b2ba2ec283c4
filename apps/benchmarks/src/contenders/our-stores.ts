// Our stores, opened as their READMEs say.
import type { Stores } from "@tollbooth-stores/core";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { createNodeRedisStores } from "@tollbooth-stores/redis";
import type { Server } from "../measuring/subject.ts";
import { connectionOf } from "./clients.ts";

export type OpenStores = (server: Server) => Promise<Stores>;

/**
 * Long enough for a queue of 256 calls on a machine that is busy with other things: the benchmark measures speed, and
 * a call that gave up would have none.
 */
const commandTimeoutMs = 10_000;

/** By name. */
export const ourStores = {
  "tollbooth/ioredis": async (server) =>
    ready(createIoredisStores({ connection: connectionOf(server), commandTimeoutMs })),
  "tollbooth/node-redis": async (server) =>
    ready(createNodeRedisStores({ connection: connectionOf(server), commandTimeoutMs })),
  "tollbooth/memory": async () => createMemoryStores(),
} as const satisfies Record<string, OpenStores>;

async function ready(stores: Stores): Promise<Stores> {
  await stores.check();
  return stores;
}
