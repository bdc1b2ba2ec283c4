// In an instance's process: the stores of one client, by its public factory.
import type { Stores } from "@tollbooth-stores/core";
import { DEADLINE_MS } from "../bounds.ts";
import type { Client, Opening } from "../contract.ts";

export async function openStores(client: Client, opening: Opening): Promise<Stores> {
  const { connection, keyPrefix, commandTimeoutMs = DEADLINE_MS } = opening;
  const options = { connection, keyPrefix, commandTimeoutMs };
  if (client === "ioredis") return (await import("@tollbooth-stores/ioredis")).createIoredisStores(options);
  return (await import("@tollbooth-stores/redis")).createNodeRedisStores(options);
}
