// verifyOnce at its edges: what is repeated and what is not, how long answers are remembered, what is left behind.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreError } from "../errors.ts";
import { type MapPort, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { VerificationStore } from "./verification-store.ts";
import type { Verify } from "./verify.ts";
import { verifyOnce } from "./verify-once.ts";

const leaseMs = 3_000;
const payload = { payloadHash: "payload", fingerprint: "f" };
const yes: Verify = async () => ({ ok: true });
let port: MapPort;
let store: VerificationStore;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  port = mapPort();
  store = createVerificationStore(port);
});
afterEach(() => {
  vi.useRealTimers();
});

/** Counts claims and answers each with what `answer` makes of it. */
function claiming(
  answer: (call: number, claim: () => ReturnType<VerificationStore["claim"]>) => ReturnType<VerificationStore["claim"]>,
) {
  const counted = { calls: 0 };
  const wrapped: VerificationStore = {
    ...store,
    claim(...args) {
      counted.calls += 1;
      return answer(counted.calls, () => store.claim(...args));
    },
  };
  return { store: wrapped, counted };
}

describe("a claim that fails", () => {
  it.each([
    new StoreError("STORE_UNAVAILABLE", "was not sent", { outcome: "not-applied" }),
    new StoreError("STORE_CAPACITY", "full"),
    new StoreError("STORE_CORRUPT", "unreadable", { outcome: "unknown" }),
    new Error("a bug"),
  ])("is not repeated where it certainly had no effect, or cannot succeed: $message", async (error) => {
    const { store: failing, counted } = claiming(() => Promise.reject(error));
    await expect(verifyOnce(failing, payload, yes)).rejects.toBe(error);
    expect(counted.calls).toBe(1);
  });

  it("is repeated once where its answer got lost", async () => {
    const error = new StoreError("STORE_UNAVAILABLE", "lost", { outcome: "unknown" });
    const { store: failing, counted } = claiming(() => Promise.reject(error));
    await expect(verifyOnce(failing, payload, yes)).rejects.toBe(error);
    expect(counted.calls).toBe(2);
  });
});

describe("a result that the store does not take at once", () => {
  const away = new StoreError("STORE_UNAVAILABLE", "away", { outcome: "unknown" });
  let verified = 0;
  const counting: Verify = async () => {
    verified += 1;
    return { ok: true };
  };
  /** Completing fails with `error` as often as `times` says. */
  const failing = (times: number, error: Error): VerificationStore => {
    let left = times;
    return {
      ...store,
      complete(...args) {
        if (left === 0) return store.complete(...args);
        left -= 1;
        return Promise.reject(error);
      },
    };
  };
  beforeEach(() => {
    verified = 0;
  });

  it("is recorded once the store is back: no caller verifies again", async () => {
    const waiting = verifyOnce(failing(4, away), payload, counting, { leaseMs });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waiting).toEqual({ ok: true, ran: true });
    expect(await verifyOnce(store, payload, counting, { leaseMs })).toEqual({ ok: true, ran: false });
    expect(verified).toBe(1);
  });

  it("is given up after three leases, and free for the next", async () => {
    const waiting = verifyOnce(failing(Number.POSITIVE_INFINITY, away), payload, counting, { leaseMs });
    const refused = expect(waiting).rejects.toBe(away);
    await vi.advanceTimersByTimeAsync(3 * leaseMs);
    await refused;
    expect(await verifyOnce(store, payload, counting, { leaseMs })).toEqual({ ok: true, ran: true });
    expect(verified).toBe(2);
  });

  it("is given up with the lease, which another caller may then have", async () => {
    const cut: VerificationStore = { ...failing(Number.POSITIVE_INFINITY, away), renew: () => Promise.reject(away) };
    const waiting = verifyOnce(cut, payload, counting, { leaseMs, waitMs: 1 });
    const refused = expect(waiting).rejects.toBe(away);
    await vi.advanceTimersByTimeAsync(leaseMs + 100);
    await refused;
  });

  it("is not tried again where the store says that it never can", async () => {
    const full = new StoreError("STORE_CAPACITY", "full");
    await expect(verifyOnce(failing(1, full), payload, counting, { leaseMs })).rejects.toBe(full);
  });
});

describe("verifyOnce", () => {
  it("says what a payload presented for something else is told", async () => {
    await verifyOnce(store, payload, yes);
    expect(await verifyOnce(store, { ...payload, fingerprint: "other" }, yes)).toEqual({
      ok: false,
      reason: "This payload was presented for something else.",
      ran: false,
    });
  });

  it("remembers a rejection for valueTtlMs where that is shorter than ten seconds, and never longer", async () => {
    let runs = 0;
    const no: Verify = async () => {
      runs += 1;
      return { ok: false, reason: `no ${runs}` };
    };
    const options = { valueTtlMs: 2_000 };
    await verifyOnce(store, payload, no, options);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(await verifyOnce(store, payload, no, options)).toMatchObject({ reason: "no 1", ran: false });
    await vi.advanceTimersByTimeAsync(1);
    expect(await verifyOnce(store, payload, no, { valueTtlMs: 60_000 })).toMatchObject({ reason: "no 2", ran: true });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await verifyOnce(store, payload, no)).toMatchObject({ reason: "no 3", ran: true });
  });

  it("keeps a thousand characters of a reason, and no half of one", async () => {
    const reason = `${"x".repeat(999)}😀 and more`;
    const told = await verifyOnce(store, payload, async () => ({ ok: false, reason }));
    expect(told).toEqual({ ok: false, reason: `${"x".repeat(999)}\ufffd`, ran: true });
    expect(await verifyOnce(store, payload, yes)).toMatchObject({ reason: `${"x".repeat(999)}\ufffd`, ran: false });
  });

  it("keeps nothing of an acceptance but that it is one", async () => {
    await verifyOnce(store, payload, yes);
    expect(await store.peek("v:payload")).toMatchObject({ status: "done", outcome: "accepted", value: "" });
  });

  it("looks again where the record went to another caller before it was completed", async () => {
    const robbed: VerificationStore = {
      ...store,
      async complete(key, lease) {
        await store.release(key, lease);
        const other = await store.claim(key, {
          token: "other",
          fingerprint: "f",
          leaseMs,
          onLeaseExpiry: "retry",
          retainUntilMs: 0,
        });
        if (other.status === "claimed") {
          await store.complete(key, other.lease, { outcome: "rejected", value: "theirs", retainUntilMs: 0 });
        }
        return { status: "lost", current: "done" };
      },
    };
    expect(await verifyOnce(robbed, payload, yes)).toEqual({ ok: false, reason: "theirs", ran: false });
  });

  it("gives up on a record that another caller marked unknown", async () => {
    const claim = await store.claim("v:payload", {
      token: "a",
      fingerprint: "f",
      leaseMs,
      onLeaseExpiry: "retry",
      retainUntilMs: 0,
    });
    if (claim.status === "claimed") await store.markUnknown("v:payload", claim.lease);
    await expect(verifyOnce(store, payload, yes)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("leaves no timer behind", async () => {
    await verifyOnce(store, payload, yes);
    await expect(
      verifyOnce(store, { ...payload, payloadHash: "b" }, () => Promise.reject(new Error("no"))),
    ).rejects.toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits no longer than waitMs, also where that is less than a poll", async () => {
    void verifyOnce(store, payload, () => new Promise(() => undefined)).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    const failed = expect(verifyOnce(store, payload, yes, { waitMs: 100 })).rejects.toThrow(/waitMs/);
    await vi.advanceTimersByTimeAsync(100);
    // What is left is the first one's: its renewal, its lease's end, its limit.
    expect(vi.getTimerCount()).toBe(3);
    await failed;
  });
});
