// The phases: the trace cut by time, what is done to the lane meanwhile, and one after the other.
import { describe, expect, test } from "vitest";
import type { Driven } from "./driven.ts";
import { fakeLane, view } from "./fake-lane.test-support.ts";
import { chaosPhases, type Phase, playPhases } from "./phases.ts";
import { requestsOf } from "./trace.ts";

const requests = requestsOf(
  [0, 100, 499, 500, 900, 999].map((at) => ({ at, client: "192.0.2.1", action: "ask" })),
  "t",
);

describe("the phases of a lane", () => {
  test("cut the whole trace by their shares of its time, and are done in the end", async () => {
    const log: string[] = [];
    const done: string[] = [];
    const halves: Phase[] = [
      { name: "first", share: 0.5 },
      { name: "second", share: 0.5 },
    ];
    await playPhases(fakeLane(log), requests, halves, {}, ({ name }) => done.push(name));
    expect(log).toEqual(["phase first", "0: 0 100 499", "phase second", "500: 500 900 999", "phase done"]);
    expect(done).toEqual(["first", "second"]);
  });

  test("leave no request out, whatever the shares add up to", async () => {
    const log: string[] = [];
    await playPhases(
      fakeLane(log),
      requests,
      [
        { name: "some", share: 0.1 },
        { name: "rest", share: 0.1 },
      ],
      {},
    );
    expect(
      log
        .filter((line) => line.includes(": "))
        .join(" ")
        .match(/\d+/g),
    ).toEqual(expect.arrayContaining(["0", "100", "499", "500", "900", "999"]));
  });

  test("do to it what they say while the traffic runs, and end before the next one begins", async () => {
    const log: string[] = [];
    const views = [view("gateway-1", { inFlight: 1 }), view("gateway-2", { inFlight: 3 })];
    const phases = chaosPhases(2, async () => void log.push("Redis restarted"));
    // What is killed at a step is in kills.test.ts.
    const others = phases.filter(({ name }) => !/kill -9 (at|before)/.test(name));
    await playPhases(fakeLane(log, views), requests, others, {});
    expect(log.filter((line) => !/^[\d.]+: /.test(line))).toEqual([
      "phase steady",
      "phase rolling restart",
      "roll",
      "phase scale 2 -> 6 -> 2",
      "scale to 6",
      "scale to 2",
      "phase settlements' replies lost",
      'fault {"on":"settle","fail":"after","times":6}',
      'fault {"on":"lookup","fail":"before","times":8}',
      "phase kill -9",
      "kill gateway-2",
      "gateway-2 is back",
      "phase Redis kill -9 and restart",
      "Redis restarted",
      "phase done",
    ]);
    expect(phases.map(({ name }) => name).filter((name) => /kill -9 (at|before)/.test(name))).toEqual([
      "kill -9 at a settle call",
      "kill -9 at a transfer",
      "kill -9 before an answer",
    ]);
    expect(phases.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  test("leave a Redis alone that is not ours, and have room for more instances than six", () => {
    const names = chaosPhases(6, undefined).map(({ name }) => name);
    expect(names).toContain("scale 6 -> 8 -> 6");
    expect(names.at(-1)).toBe("Redis left alone");
    expect(chaosPhases(6, undefined).at(-1)?.chaos).toBeUndefined();
  });

  test("fail where what is done fails, after the traffic has ended, and where the traffic fails", async () => {
    const log: string[] = [];
    const failing = async () => {
      throw new Error("it does not start");
    };
    const phases: Phase[] = [{ name: "bad", share: 1, chaos: failing }];
    await expect(playPhases(fakeLane(log), requests, phases, {})).rejects.toThrow("it does not start");
    expect(log).toEqual(["phase bad", "0: 0 100 499 500 900 999"]);
    const unplayed = fakeLane(log, [], failing);
    await expect(playPhases(unplayed, requests, [{ name: "bad", share: 1 }], {})).rejects.toThrow("it does not start");
  });

  test("end with the reason of an abort", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const waiting: Driven["play"] = (_part, options) =>
      new Promise((_, reject) => options?.signal?.addEventListener("abort", () => reject(options.signal?.reason)));
    const playing = playPhases(fakeLane([], [], waiting), requests, chaosPhases(2, undefined), { signal: stop.signal });
    stop.abort(reason);
    await expect(playing).rejects.toBe(reason);
  });
});
