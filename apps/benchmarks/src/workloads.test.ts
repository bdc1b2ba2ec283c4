// Every contender passes its check on a real Redis.
import { type RunningRedis, redisCommand, startRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runScene } from "./measuring/run-scene.ts";
import type { Server } from "./measuring/subject.ts";
import type { Scene } from "./scenes.ts";
import { workloads } from "./workloads.ts";

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
// Contenders of one process use the same names; in a run each has a process of its own.
beforeEach(() => redisCommand(redis, "FLUSHALL", "SYNC"));

const all = Object.entries(workloads).flatMap(([workload, contenders]) =>
  Object.entries(contenders).map(([name, contender]) => ({ workload, name, contender })),
);

test.each(all)("$name does $workload, and is right each time", async ({ contender }) => {
  const server: Server = { kind: "single", url: redis.url };
  await contender.check(server);
  const subject = await contender.open(server);
  try {
    for (const turn of [0, 1, 2]) expect(await subject.operation(turn)).toBe(true);
  } finally {
    await subject.close();
  }
});

const pace = { rounds: 3, sliceMs: 20, warmUpMs: 10 };
const scene: Scene = { section: "memory", workload: "consume-memory", server: "none", inFlight: [1, 8], quick: [1] };

describe("a scene", () => {
  test("measures each contender with each number in flight, once a round", async () => {
    const { measured, disqualified } = await runScene(scene, { server: { kind: "none" }, primaries: [] }, pace, false);
    expect(disqualified).toEqual([]);
    expect(measured.map(({ contender, inFlight, samples }) => [contender, inFlight, samples.length])).toEqual(
      [1, 8].flatMap((inFlight) => Object.keys(workloads["consume-memory"] ?? {}).map((name) => [name, inFlight, 3])),
    );
  });

  test("counts what an operation costs Redis", async () => {
    const one: Scene = { ...scene, workload: "session-get", server: "single", inFlight: [1], only: ["raw/ioredis"] };
    const place = { server: { kind: "single" as const, url: redis.url }, primaries: [redis] };
    const { measured } = await runScene(one, place, pace, false);
    for (const { redis: usage } of measured[0]?.samples ?? []) expect(usage?.commands).toBe(1);
    expect(measured[0]?.samples).toHaveLength(3);
  });

  test("has no figures of a contender that fails its check, and says why", async () => {
    const failing: Scene = { ...scene, workload: "consume-spread", only: ["rlf/ioredis"] };
    const { measured, disqualified } = await runScene(
      failing,
      { server: { kind: "none" }, primaries: [] },
      pace,
      false,
    );
    expect(measured).toEqual([]);
    expect(disqualified).toMatchObject([
      { contender: "rlf/ioredis", reason: expect.stringContaining("needs a Redis") },
    ]);
  });
});
