// Waiting callers of one store: when they are woken, what they read, and what they leave behind.
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { localHints } from "../local-hints.ts";
import { recordWatch } from "./record-watch.ts";
import type { Look } from "./verification-store.ts";

const hint = localHints();
let record: Look | Error;
let looks: { key: string; atMs: number; signal: AbortSignal }[];
let woken: string[];
const watch = () =>
  recordWatch(hint, async (key, signal) => {
    looks.push({ key, atMs: performance.now(), signal });
    if (record instanceof Error) throw record;
    return record;
  });
const waitIn = ({ subscribe }: ReturnType<typeof recordWatch>, name: string, key = "k") => {
  const leave = subscribe(key, () => {
    woken.push(name);
    leave();
  });
  return leave;
};
const inProgress: Look = { status: "in-progress", retryAfterMs: 5_000 };
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  record = inProgress;
  looks = [];
  woken = [];
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a watched record", () => {
  it("goes on at its pace for a caller that waits again and again for what does not change", async () => {
    record = { status: "unknown" };
    const watched = watch();
    let isOver = false;
    const again = () => {
      const leave = watched.subscribe("k", () => {
        woken.push("again");
        leave();
        if (!isOver) again();
      });
    };
    again();
    await pass(1_000);
    expect(woken.length).toBeLessThan(60);
    isOver = true;
    await pass(100);
  });

  it("is read after 5 ms, doubling to 40, up to half of each left out", async () => {
    for (const [random, factor] of [
      [0, 0.5],
      [0.5, 0.75],
    ] as const) {
      vi.spyOn(Math, "random").mockReturnValue(random);
      const startMs = performance.now();
      looks = [];
      const leave = waitIn(watch(), "a");
      await pass(160);
      leave();
      const steps = looks.slice(0, 5).map(({ atMs }, i) => Math.round(atMs - (looks[i - 1]?.atMs ?? startMs)));
      expect(steps).toEqual([5, 10, 20, 40, 40].map((ms) => Math.floor(ms * factor)));
    }
  });

  it("is read once for all that wait for it, and for each record by itself", async () => {
    const one = watch();
    const leave = Array.from({ length: 50 }, (_, i) => waitIn(one, `${i}`));
    leave.push(waitIn(one, "other", "k2"));
    await pass(400);
    const ofEach = ["k", "k2"].map((key) => looks.filter((look) => look.key === key).length);
    for (const count of ofEach) expect(count).toBeLessThan(24);
    expect(Math.min(...ofEach)).toBeGreaterThan(7);
    for (const each of leave) each();
  });

  it("wakes all that wait at the first look that finds it no longer in progress", async () => {
    for (const found of [
      { status: "done", outcome: "accepted", value: "v", expiresInMs: 1 },
      { status: "unknown" },
      { status: "absent" },
      { status: "in-progress", retryAfterMs: 0 },
    ] as const) {
      [record, woken] = [inProgress, []];
      const one = watch();
      waitIn(one, "a");
      waitIn(one, "b");
      await pass(200);
      expect(woken).toEqual([]);
      record = found;
      await pass(50);
      expect(woken).toEqual(["a", "b"]);
    }
  });

  it("wakes at the first look where it changed before that", async () => {
    record = { status: "delivered", receipt: "r" };
    waitIn(watch(), "a");
    await pass(7);
    expect(woken).toEqual(["a"]);
  });

  it("wakes a caller that waits for an absent record at the longest interval, so that its loop is not busy", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    record = { status: "absent" };
    waitIn(watch(), "a");
    await pass(50);
    expect(woken).toEqual([]);
    await pass(50);
    expect(woken).toEqual(["a"]);
  });

  it("wakes where it cannot be read, for the caller's next call to tell why", async () => {
    record = new Error("unreachable");
    waitIn(watch(), "a");
    await pass(7);
    expect(woken).toEqual(["a"]);
  });

  it("wakes at once where this process changes it", () => {
    const one = watch();
    waitIn(one, "a");
    waitIn(one, "b");
    waitIn(one, "other", "k2")();
    hint.publish("k");
    expect(woken).toEqual(["a", "b"]);
    expect(looks).toEqual([]);
  });

  it("is no longer read once the last caller has left, even in the middle of a look", async () => {
    let answer = (_: Look) => {};
    const signals: AbortSignal[] = [];
    const slow = recordWatch(hint, (_, signal) => {
      signals.push(signal);
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const [first, second] = [waitIn(slow, "a"), waitIn(slow, "b")];
    await pass(7);
    first();
    first();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    second();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    answer({ status: "absent" });
    await pass(100);
    expect(signals).toHaveLength(1);
    expect(woken).toEqual([]);
    expect(signals.flatMap((signal) => getEventListeners(signal, "abort"))).toEqual([]);
  });

  it("is read anew for a caller that comes after the last one has left", async () => {
    const one = watch();
    waitIn(one, "a")();
    waitIn(one, "b");
    record = { status: "spent" };
    await pass(7);
    expect(woken).toEqual(["b"]);
  });
});
