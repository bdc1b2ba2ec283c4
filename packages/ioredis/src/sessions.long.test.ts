// 45,000 sessions of one subject: listed, read by their ids and deleted, each step within the default deadline.
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { expect, it } from "vitest";
import { createIoredisSessionStore } from "./index.ts";

it("45,000 sessions of one subject are listed and deleted in full", async () => {
  const redis = await startRedis();
  const store = createIoredisSessionStore({ connection: { url: redis.url } });
  try {
    await expect.poll(() => store.get("connected")).toBeNull();
    const ids: string[] = [];
    for (let made = 0; made < 45_000; made += 100) {
      const some = Array.from({ length: 100 }, () => store.create({ data: 1, subject: "alice", idleTtlMs: 900_000 }));
      ids.push(...(await Promise.all(some)).map(({ record }) => record.id));
    }
    let listed = 0;
    for await (const { data } of store.listBySubject("alice")) listed += Number(data);
    expect(listed).toBe(45_000);
    expect((await store.getMany(ids)).filter((record) => record !== null)).toHaveLength(45_000);
    expect(await store.deleteBySubject("alice")).toEqual({ deleted: 45_000 });
    expect(await redis.command("DBSIZE")).toBe(0);
  } finally {
    await store.close();
    await redis.stop();
  }
}, 300_000);
