// What ioredis sends by itself after a reconnect, and nobody waits for, must not end the process when it fails.
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createIoredisVerificationStore } from "./create-ioredis-stores.ts";

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis({ users: { payments: "on >secret ~* &* +@all" } });
});
afterAll(() => redis.stop());

it("a subscription that is refused when it is made again ends no process", async () => {
  const unhandled: unknown[] = [];
  const hear = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", hear);
  const { host, port } = redis;
  const store = createIoredisVerificationStore({
    connection: { host, port, username: "payments", password: "secret" },
  });
  try {
    await store.wait("payment", { timeoutMs: 50 });
    await vi.waitFor(async () => expect(String(await redis.command("PUBSUB", "CHANNELS"))).toContain("hints"));
    // The server ends the subscriber's connection; ioredis connects again, subscribes, and is refused.
    await redis.command("ACL", "SETUSER", "payments", "resetchannels");
    await vi.waitFor(async () => expect(String(await redis.command("ACL", "LOG"))).toContain("channel"), 5_000);
    // Unhandled rejections are told when the turn is over.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", hear);
    await store.close();
  }
});
