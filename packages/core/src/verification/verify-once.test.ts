// verifyOnce over real stores on a Map port. Timers are faked: leases, polls and deadlines pass when the test says so.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isStoreError, StoreError } from "../errors.ts";
import { mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { VerificationStore } from "./verification-store.ts";
import type { Verify } from "./verify.ts";
import { verifyOnce } from "./verify-once.ts";

const payment = { payloadHash: "payload", fingerprint: "f" };
const yes: Verify = async () => ({ ok: true });
let stores: [VerificationStore, VerificationStore];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  const port = mapPort();
  stores = [createVerificationStore(port), createVerificationStore(port)];
});
afterEach(() => {
  vi.useRealTimers();
});

/** A promise to be settled by hand. */
function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe("verifyOnce", () => {
  it("runs one verification for 100 callers on two instances", async () => {
    let runs = 0;
    const work = deferred<{ ok: true }>();
    const calls = Array.from({ length: 100 }, (_, i) =>
      verifyOnce(stores[i % 2 === 0 ? 0 : 1], payment, () => {
        runs += 1;
        return work.promise;
      }),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    work.resolve({ ok: true });
    await vi.advanceTimersByTimeAsync(1_000);
    const answers = await Promise.all(calls);
    expect(runs).toBe(1);
    expect(answers.filter(({ ran }) => ran)).toHaveLength(1);
    expect(answers.every(({ ok }) => ok)).toBe(true);
  });

  it("shares a rejection and its reason, and forgets it after ten seconds", async () => {
    const no: Verify = async () => ({ ok: false, reason: "bad signature" });
    expect(await verifyOnce(stores[0], payment, no)).toEqual({ ok: false, reason: "bad signature", ran: true });
    expect(await verifyOnce(stores[1], payment, yes)).toEqual({ ok: false, reason: "bad signature", ran: false });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await verifyOnce(stores[1], payment, yes)).toEqual({ ok: true, ran: true });
  });

  it("lets a waiter run its own after a throw, which its own caller gets", async () => {
    const broken = new Error("facilitator is down");
    const work = deferred<never>();
    const first = verifyOnce(stores[0], payment, () => work.promise);
    const second = verifyOnce(stores[1], payment, yes);
    const failed = expect(first).rejects.toBe(broken);
    await vi.advanceTimersByTimeAsync(100);
    work.reject(broken);
    await failed;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await second).toEqual({ ok: true, ran: true });
  });

  it("an aborted caller leaves the running verification to those who wait", async () => {
    const work = deferred<{ ok: true }>();
    const controller = new AbortController();
    const first = verifyOnce(stores[0], payment, () => work.promise, { signal: controller.signal });
    const second = verifyOnce(stores[1], payment, () => Promise.reject(new Error("must not run")));
    const gone = new Error("client went away");
    const aborted = expect(first).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(100);
    controller.abort(gone);
    await aborted;
    work.resolve({ ok: true });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await second).toEqual({ ok: true, ran: false });
  });

  it("renews while the work goes on, for three leases at most", async () => {
    const signals: AbortSignal[] = [];
    const hung = verifyOnce(
      stores[0],
      payment,
      ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
      { leaseMs: 3_000 },
    );
    const failed = expect(hung).rejects.toMatchObject({ name: "TimeoutError" });
    await vi.advanceTimersByTimeAsync(8_900);
    expect(signals[0]?.aborted).toBe(false);
    expect(await stores[1].peek("v:payload")).toMatchObject({ status: "in-progress" });
    await vi.advanceTimersByTimeAsync(200);
    await failed;
    expect(signals[0]?.aborted).toBe(true);
    expect(await verifyOnce(stores[1], payment, yes)).toEqual({ ok: true, ran: true });
  });

  it("aborts the work when its lease is lost, and answers with the winner's result", async () => {
    const signals: AbortSignal[] = [];
    // This instance can no longer renew, and is slow; the other one takes over once the lease is over.
    const slow = () => new Promise((resolve) => setTimeout(resolve, 100));
    const stalled: VerificationStore = {
      ...stores[0],
      claim: (...args) => slow().then(() => stores[0].claim(...args)),
      renew: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "unreachable")),
    };
    const first = verifyOnce(
      stalled,
      payment,
      ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
      { leaseMs: 3_000 },
    );
    await vi.advanceTimersByTimeAsync(150);
    const second = verifyOnce(stores[1], payment, async () => ({ ok: false, reason: "other" }), { leaseMs: 3_000 });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await second).toEqual({ ok: false, reason: "other", ran: true });
    expect(await first).toEqual({ ok: false, reason: "other", ran: false });
  });

  it("hears of what another process did by polling", async () => {
    const { hint: _hint, ...silent } = mapPort();
    const pair = [createVerificationStore(silent), createVerificationStore(silent)] as const;
    const work = deferred<{ ok: true }>();
    const first = verifyOnce(pair[0], payment, () => work.promise);
    const second = verifyOnce(pair[1], payment, yes);
    work.resolve({ ok: true });
    await first;
    await vi.advanceTimersByTimeAsync(250);
    expect(await second).toEqual({ ok: true, ran: false });
  });

  it("settles its waiters when the store is closed", async () => {
    const work = deferred<{ ok: true }>();
    const first = verifyOnce(stores[0], payment, () => work.promise);
    const waiter = verifyOnce(stores[1], payment, yes);
    const closed = expect(waiter).rejects.toSatisfy((error) => isStoreError(error, "STORE_CLOSED"));
    await vi.advanceTimersByTimeAsync(10);
    await stores[1].close();
    await closed;
    work.resolve({ ok: true });
    expect(await first).toEqual({ ok: true, ran: true });
  });

  it("gives up waiting after waitMs, naming it", async () => {
    const work = deferred<{ ok: true }>();
    void verifyOnce(stores[0], payment, () => work.promise);
    const waiter = verifyOnce(stores[1], payment, yes, { waitMs: 500 });
    const failed = expect(waiter).rejects.toThrow(/waitMs/);
    await vi.advanceTimersByTimeAsync(500);
    await failed;
    work.resolve({ ok: true });
  });

  it("answers a payload presented for something else without verifying it", async () => {
    await verifyOnce(stores[0], payment, yes);
    const other = await verifyOnce(stores[1], { ...payment, fingerprint: "other" }, yes);
    expect(other).toMatchObject({ ok: false, ran: false });
  });

  it("takes its lease back when the answer to the claim got lost", async () => {
    let claims = 0;
    const lossy: VerificationStore = {
      ...stores[0],
      async claim(...args) {
        const claim = await stores[0].claim(...args);
        claims += 1;
        if (claims === 1) throw new StoreError("STORE_UNAVAILABLE", "reply lost", { outcome: "unknown" });
        return claim;
      },
    };
    expect(await verifyOnce(lossy, payment, yes)).toEqual({ ok: true, ran: true });
    expect(claims).toBe(2);
  });

  it("an acceptance outlives its value as a spent record, and is still one", async () => {
    await verifyOnce(stores[0], payment, yes, { valueTtlMs: 1_000 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await verifyOnce(stores[1], payment, yes)).toEqual({ ok: true, ran: false });
    await vi.advanceTimersByTimeAsync(11 * 60_000);
    expect(await verifyOnce(stores[1], payment, yes)).toEqual({ ok: true, ran: true });
  });
});
