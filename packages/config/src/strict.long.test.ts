// Without strict: a server that was away at the start is examined as soon as it answers.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connectionChannel } from "@tollbooth-stores/core";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { expect, it, onTestFinished } from "vitest";
import { loadStores } from "./load-stores.ts";

it("tells what is unsafe on a server that came up later", { timeout: 30_000 }, async () => {
  const told: string[] = [];
  const hear = (message: unknown) => {
    const { event, reason } = Object(message);
    if (event === "unsafe") told.push(reason);
  };
  subscribe(connectionChannel, hear);
  onTestFinished(() => void unsubscribe(connectionChannel, hear));
  const redis = await startRedis({ config: ["maxmemory-policy allkeys-lru"] });
  onTestFinished(() => redis.stop());
  await redis.kill("SIGSTOP");
  const block = { provider: "ioredis", ioredis: { url: redis.url, connectTimeoutMs: 500 } };
  const stores = await loadStores({ stores: block }, { env: {}, onWarning() {} });
  onTestFinished(() => stores.close());
  await expect.poll(() => told).toEqual([expect.stringMatching(/^reachable: .*503/)]);
  await redis.kill("SIGCONT");
  await expect.poll(() => told.join(), { timeout: 20_000 }).toMatch(/eviction: .*allkeys-lru/);
});
