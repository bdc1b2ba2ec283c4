// Servers that end with their test, stores on them, and what the connection channel says is unsafe.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connectionChannel } from "@tollbooth-stores/core";
import { type RedisOptions, type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { onTestFinished } from "vitest";
import { type LoadedStores, loadStores } from "./load-stores.ts";

/** As a server for payments is set up. */
export const good: RedisOptions = {
  requirepass: "secret",
  maxmemory: "64mb",
  config: ["appendonly yes", "appendfsync everysec"],
};
export async function started(options: RedisOptions): Promise<RunningRedis> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

export const open = async (stores: object): Promise<LoadedStores> => {
  const loaded = await loadStores({ stores }, { env: {}, onWarning() {} });
  onTestFinished(() => loaded.close());
  return loaded;
};

/** Every "unsafe" from now on. */
export function unsafe(): string[] {
  const told: string[] = [];
  const hear = (message: unknown) => {
    const { event, reason } = Object(message);
    if (event === "unsafe") told.push(reason);
  };
  subscribe(connectionChannel, hear);
  onTestFinished(() => void unsubscribe(connectionChannel, hear));
  return told;
}
