// The lease keeper by itself: when it renews, when it gives up, and that it leaves no timer behind.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreError } from "../errors.ts";
import { mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { keepLease, withinLease } from "./lease-keeper.ts";
import type { Lease, LeaseResult, VerificationStore } from "./verification-store.ts";

const leaseMs = 3_000;
const lease: Lease = { token: "a", fence: "7", ttlMs: leaseMs, attempt: 1 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A store whose renewals are answered by `answer`, and counted. */
function renewing(answer: (call: number) => Promise<LeaseResult>): { store: VerificationStore; renewals: unknown[] } {
  const renewals: unknown[] = [];
  const store: VerificationStore = {
    ...createVerificationStore(mapPort()),
    renew: (_key, _lease, _leaseMs, options) => answer(renewals.push(options?.onLeaseExpiry)),
  };
  return { store, renewals };
}
const ok = async (): Promise<LeaseResult> => ({ status: "ok" });
const lost = async (): Promise<LeaseResult> => ({ status: "lost", current: "absent" });
const keep = (store: VerificationStore) => keepLease(store, "k", lease, leaseMs, performance.now());

describe("keepLease", () => {
  it("renews at every third, as long as it is not stopped, and leaves no timer behind", async () => {
    const { store, renewals } = renewing(ok);
    const keeper = keep(store);
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    expect(renewals).toEqual(Array(30).fill(undefined));
    expect(keeper.signal.aborted).toBe(false);
    keeper.stop();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    expect(renewals).toHaveLength(30);
    expect(keeper.signal.aborted).toBe(false);
  });

  it("is stopped for good even with a renewal under way", async () => {
    let answer: (ended: LeaseResult) => void = () => undefined;
    const { store, renewals } = renewing(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const keeper = keep(store);
    await vi.advanceTimersByTimeAsync(1_000);
    keeper.stop();
    answer({ status: "ok" });
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    expect(renewals).toHaveLength(1);
    expect(keeper.signal.aborted).toBe(false);
  });

  it.each(["ok", "lost"] as const)("once stopped, loses nothing by an answer (%s) after the lease", async (status) => {
    let answer: (ended: LeaseResult) => void = () => undefined;
    const { store } = renewing(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const keeper = keep(store);
    await vi.advanceTimersByTimeAsync(1_000);
    keeper.stop();
    await vi.advanceTimersByTimeAsync(2 * leaseMs);
    answer(status === "ok" ? { status } : { status, current: "absent" });
    await vi.advanceTimersByTimeAsync(0);
    expect(keeper.signal.aborted).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("loses the lease as soon as a renewal says so, and ends there", async () => {
    const { store, renewals } = renewing(lost);
    const keeper = keep(store);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(keeper.signal.reason).toMatchObject({
      name: "AbortError",
      message: expect.stringMatching(/lease was lost/),
    });
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(renewals).toHaveLength(1);
  });

  it("loses the lease at its end, counted from before the call was sent, where no renewal is answered", async () => {
    const { store } = renewing(() => Promise.reject(new StoreError("STORE_UNAVAILABLE", "down")));
    // Not at the process's start: what is left is a difference.
    await vi.advanceTimersByTimeAsync(60_000);
    const keeper = keepLease(store, "k", lease, leaseMs, performance.now() - 500);
    expect(keeper.deadline()).toBe(performance.now() + 2_500);
    await vi.advanceTimersByTimeAsync(2_499);
    expect(keeper.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(keeper.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("counts a renewal from before it was sent", async () => {
    const { store } = renewing(async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return { status: "ok" };
    });
    const keeper = keep(store);
    const started = performance.now();
    await vi.advanceTimersByTimeAsync(1_400);
    expect(keeper.deadline()).toBe(started + 1_000 + leaseMs);
    keeper.stop();
  });

  it("believes no answer that it reads after the lease it is for, whether or not a timer has fired", async () => {
    const startMs = performance.now();
    let nowMs = startMs;
    vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    const { store } = renewing(async () => {
      nowMs += leaseMs;
      return { status: "ok" };
    });
    const keeper = keep(store);
    await vi.advanceTimersByTimeAsync(leaseMs / 3);
    expect(keeper.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is lost from the start where the claim's answer came too late, and renews nothing then", async () => {
    const { store, renewals } = renewing(ok);
    const keeper = keepLease(store, "k", lease, leaseMs, performance.now() - leaseMs);
    expect(keeper.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(renewals).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes leases longer than any timer", async () => {
    const long = 31 * 86_400_000;
    const { store, renewals } = renewing(ok);
    const keeper = keepLease(store, "k", { ...lease, ttlMs: long }, 3 * long, performance.now());
    await vi.advanceTimersByTimeAsync(2 ** 31 - 2);
    expect(keeper.signal.aborted).toBe(false);
    expect(renewals).toHaveLength(0);
    keeper.stop();
  });
});

describe("withinLease", () => {
  it("gives the step's answer, and leaves no timer behind", async () => {
    expect(await withinLease([], 1_000, async () => "done")).toBe("done");
    await expect(withinLease([], 1_000, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not begin a step under a signal that is aborted", async () => {
    let begun = false;
    const step = async () => {
      begun = true;
    };
    const reason = new Error("gone");
    await expect(withinLease([AbortSignal.abort(reason)], undefined, step)).rejects.toBe(reason);
    expect(begun).toBe(false);
  });

  it("rejects and aborts the step's signal when the time is over, saying so", async () => {
    const signals: AbortSignal[] = [];
    const late = withinLease([], 1_000, (signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    const failed = expect(late).rejects.toMatchObject({
      name: "TimeoutError",
      message: expect.stringMatching(/did not answer in time/),
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await failed;
    expect(signals[0]?.aborted).toBe(true);
  });

  it("gives a step without a limit all the time there is", async () => {
    const slow = withinLease([], undefined, () => new Promise((resolve) => setTimeout(resolve, 10 * leaseMs, "late")));
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    expect(await slow).toBe("late");
  });
});
