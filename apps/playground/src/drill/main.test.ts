// The built drill, ended early: it leaves nothing behind.
import { readdirSync } from "node:fs";
import { startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { describe, expect, test } from "vitest";
import { drill, file, shortEvents, shortTrace } from "./drill-files.test-support.ts";
import { writeTrace } from "./trace.ts";

describe("ended early, it leaves nothing behind", () => {
  test("by Ctrl-C, twice, in the middle of a shared lane: 130, and the user's Redis is clean", async () => {
    const redis = await startRedis();
    try {
      const run = drill(["--trace", shortTrace, "--redis-url", redis.url]);
      await run.said("redis: steady");
      await expect.poll(() => redis.command("DBSIZE")).toBeGreaterThan(0);
      run.interrupt();
      run.interrupt();
      expect(await run.exited, run.stderr()).toEqual({ code: 130, signal: null });
      expect(await redis.command("DBSIZE")).toBe(0);
      await run.leftNothing();
    } finally {
      await redis.stop();
    }
  }, 120_000);

  test("by Ctrl-C while it starts, once it has said how long the trace takes at the speed asked for: 130", async () => {
    const long = file(
      "long.jsonl",
      writeTrace([...shortEvents, { at: 7_200_000, client: "192.0.2.1", action: "ask" }]),
    );
    const run = drill(["--trace", long, "--speed", "60"]);
    await run.said("memory: starting");
    expect(run.stderr()).toContain("plays 2 min 0 s of traffic on each of 3 lanes, one after the other\n");
    run.interrupt();
    expect(await run.exited).toEqual({ code: 130, signal: null });
    await run.leftNothing();
  });

  test("by a Redis that dies for good: says so, 1", async () => {
    const run = drill(["--trace", shortTrace]);
    await run.said("redis: starting");
    process.kill(run.redisPid(), "SIGKILL");
    expect(await run.exited).toEqual({ code: 1, signal: null });
    expect(run.stderr()).toContain("The private Redis ended by itself: the drill is over.");
    await run.leftNothing();
  }, 120_000);

  test("killed outright", async () => {
    const run = drill(["--trace", shortTrace]);
    await run.said("memory: starting");
    const files = () => readdirSync(run.folder, { recursive: true }).map(String);
    await expect.poll(() => files().some((name) => name.endsWith("facilitator.jsonl")), { timeout: 30_000 }).toBe(true);
    run.child.kill("SIGKILL");
    await run.exited;
    await run.leftNothing();
  });
});
