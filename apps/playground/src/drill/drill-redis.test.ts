// The drill's Redis: the user's is left as it was, and what cannot be used is told without its password.
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../command-line.ts";
import { ownRedis, usersRedis } from "./drill-redis.ts";

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis({ requirepass: "s3cret" });
});
afterAll(() => redis.stop());

describe("a Redis of the user's", () => {
  test("keeps every key but the drill's own", async () => {
    await redis.command("SET", "theirs", "1");
    await redis.command("SET", "tollbooth-drill:other:key", "1");
    const used = await usersRedis(redis.url);
    expect(used.where).toBe(`127.0.0.1:${redis.port}`);
    expect(used.restart).toBeUndefined();
    const prefixes = ["redis", "ioredis"].map((lane) => used.prefixOf(lane));
    expect(new Set(prefixes).size).toBe(2);
    for (let index = 0; index < 1_200; index += 1)
      await redis.command("SET", `${prefixes[index % 2]}:rl:{${index}}`, "1");
    expect(await used.close()).toBe(1_200);
    expect(await used.close()).toBe(1_200);
    expect(await redis.command("DBSIZE")).toBe(2);
  });

  test("gets another prefix in each drill", async () => {
    const [one, two] = [await usersRedis(redis.url), await usersRedis(redis.url)];
    expect(one.prefixOf("redis")).not.toBe(two.prefixOf("redis"));
    await Promise.all([one.close(), two.close()]);
  });

  test.each([
    ["no URL", "localhost", /--redis-url must be like/],
    ["another protocol", "http://127.0.0.1:6379", /--redis-url must be like/],
    ["no server there", "redis://:s3cret@127.0.0.1:9", /The Redis at 127\.0\.0\.1:9 is not there/],
  ])("%s: says so, without the password", async (_what, url, message) => {
    const opening = usersRedis(url);
    await expect(opening).rejects.toThrow(UsageError);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.not.toThrow(/s3cret/);
  });

  test("a wrong password: says so, without it", async () => {
    const opening = usersRedis(`redis://:wr0ng@127.0.0.1:${redis.port}`);
    await expect(opening).rejects.toThrow(/refuses the connection/);
    await expect(opening).rejects.not.toThrow(/wr0ng/);
  });

  test("that is gone before its keys are removed: says which keys are left", async () => {
    const going = await startRedis();
    const used = await usersRedis(going.url);
    await going.stop();
    await expect(used.close()).rejects.toThrow(/begin with tollbooth-drill:[0-9a-f]{12}: and expire by themselves/);
  });
});

describe("a private Redis", () => {
  test("comes back with what it had, and is not lost by being restarted", async () => {
    const own = await ownRedis();
    let lost = "";
    void own.lost.then((what) => {
      lost = what;
    });
    await own.restart?.();
    expect(lost).toBe("");
    await own.close();
    expect(lost).toBe("");
  });

  test("that ends by itself is lost", async () => {
    const own = await ownRedis();
    process.kill(Number(/pid (\d+)/.exec(own.where)?.[1]), "SIGKILL");
    expect(await own.lost).toBe("The private Redis ended by itself");
    await own.close();
  });
});
