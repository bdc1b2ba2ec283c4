// One wait: whichever way it ends, it ends once and leaves neither timer nor listener nor subscription behind.
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { waitForChange } from "./wait-for-change.ts";

let wakers: Set<() => void>;
const watch = {
  subscribe(_key: string, wake: () => void) {
    wakers.add(wake);
    return () => void wakers.delete(wake);
  },
};
let caller: AbortController;
let closing: AbortController;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  wakers = new Set();
  caller = new AbortController();
  closing = new AbortController();
});
afterEach(() => {
  vi.useRealTimers();
});
const wait = (ms = 1_000) => waitForChange(watch, "k", ms, caller.signal, closing.signal);
const leftBehind = () => ({
  timers: vi.getTimerCount(),
  wakers: wakers.size,
  listeners: getEventListeners(caller.signal, "abort").length + getEventListeners(closing.signal, "abort").length,
});
const nothing = { timers: 0, wakers: 0, listeners: 0 };

describe("waitForChange", () => {
  it("ends at a change", async () => {
    const waiting = wait();
    expect(leftBehind()).toEqual({ timers: 1, wakers: 1, listeners: 2 });
    for (const wake of wakers) wake();
    await waiting;
    expect(leftBehind()).toEqual(nothing);
  });

  it("ends at its timeout, not earlier", async () => {
    let ended = false;
    const waiting = wait().then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(leftBehind()).toEqual(nothing);
  });

  it("rejects with the reason of the signal that aborts", async () => {
    for (const [controller, reason] of [
      [caller, new Error("client went away")],
      [closing, new Error("closed")],
    ] as const) {
      const waiting = expect(wait()).rejects.toBe(reason);
      controller.abort(reason);
      await waiting;
      expect(leftBehind()).toEqual(nothing);
      caller = new AbortController();
    }
  });

  it("rejects at once where one was aborted before", async () => {
    const reason = new Error("gone before");
    caller.abort(reason);
    await expect(wait()).rejects.toBe(reason);
    expect(leftBehind()).toEqual(nothing);
    caller = new AbortController();
    closing.abort(reason);
    await expect(waitForChange(watch, "k", 1_000, undefined, closing.signal)).rejects.toBe(reason);
    expect(leftBehind()).toEqual(nothing);
  });

  it("needs no caller's signal", async () => {
    const waiting = waitForChange(watch, "k", 5, undefined, closing.signal);
    await vi.advanceTimersByTimeAsync(5);
    await waiting;
    expect(leftBehind()).toEqual(nothing);
  });

  it("takes a timeout longer than any timer", async () => {
    let ended = false;
    void wait(31 * 86_400_000).then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(2 ** 31 - 2);
    expect(ended).toBe(false);
  });
});
