// The verification store of one client, made in a seller's process or in the run's own.
import type { VerificationStore } from "@tollbooth-stores/core";
import type { Client } from "./messages.ts";

export async function openStore(client: Client, port: number, commandTimeoutMs: number): Promise<VerificationStore> {
  const options = { connection: { url: `redis://127.0.0.1:${port}` }, commandTimeoutMs, keyPrefix: "chaos" };
  if (client === "memory") return (await import("@tollbooth-stores/memory")).createMemoryVerificationStore();
  if (client === "ioredis") return (await import("@tollbooth-stores/ioredis")).createIoredisVerificationStore(options);
  return (await import("@tollbooth-stores/redis")).createNodeRedisVerificationStore(options);
}
