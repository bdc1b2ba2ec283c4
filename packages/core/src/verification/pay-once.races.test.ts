// payOnce where something happens between two of its steps: another instance, a late answer, a store that fails once.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreError } from "../errors.ts";
import { manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { payOnce } from "./pay-once.ts";
import type { Payment, PaymentSteps } from "./payment.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";

const leaseMs = 3_000;
const key = "p:payment";
let store: VerificationStore;
let payment: Payment;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  store = createVerificationStore(mapPort());
  payment = {
    ...{ key: "payment", payloadHash: "payload", fingerprint: "f" },
    validUntilMs: Date.now() + 3_600_000,
  };
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function seller(more: Partial<PaymentSteps<string>> = {}): PaymentSteps<string> {
  return {
    verify: async () => ({ ok: true }),
    serve: async () => "content",
    settle: async () => ({ ok: true, receipt: "tx" }),
    findSettlement: async () => "none",
    ...more,
  };
}
const died = () => Promise.reject(new Error("died"));
const unreachable = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "not-applied" }));
const serialize = (text: string) => text;
const refusing = seller({ settle: async () => ({ ok: false, reason: "no funds" }) });

describe("a refusal that comes after the lease was lost", () => {
  /** The store of an instance that stands still right before it releases, while another pays. */
  const stalled = (): VerificationStore => ({
    ...store,
    async release(name, lease) {
      if (name === key) {
        await vi.advanceTimersByTimeAsync(2 * leaseMs);
        expect(await payOnce(store, payment, seller(), { leaseMs })).toMatchObject({ status: "paid", fresh: true });
      }
      return store.release(name, lease);
    },
    renew: (name, lease, ms, more) => (more?.onLeaseExpiry ? store.renew(name, lease, ms, more) : unreachable()),
  });

  const paid = { status: "paid", fresh: false, receipt: "tx" };

  it("of a settlement is not told: the payment may have been made by whoever took over", async () => {
    expect(await payOnce(stalled(), payment, refusing, { leaseMs })).toMatchObject({ status: "pending" });
    expect(await payOnce(store, payment, refusing, { leaseMs })).toEqual(paid);
  });

  it("of a repeated verification is not told either", async () => {
    await payOnce(store, payment, refusing, { leaseMs });
    const late = seller({ verify: async () => ({ ok: false, reason: "no funds" }) });
    expect(await payOnce(stalled(), payment, late, { leaseMs })).toMatchObject({ status: "pending" });
    expect(await payOnce(store, payment, late, { leaseMs })).toEqual(paid);
  });

  it("is not told where the store does not say whether it was lost", async () => {
    const silent: VerificationStore = { ...store, release: unreachable };
    expect(await payOnce(silent, payment, refusing, { leaseMs })).toMatchObject({ status: "pending" });
    await vi.advanceTimersByTimeAsync(leaseMs);
    const late = seller({ verify: async () => ({ ok: false, reason: "no funds" }) });
    expect(await payOnce(store, payment, late, { leaseMs })).toMatchObject({ status: "rejected" });
    expect(await payOnce(silent, payment, late, { leaseMs })).toMatchObject({ status: "pending" });
  });
});

describe("a store that is away between serving and settling", () => {
  it("for less than the lease has nothing served a second time", async () => {
    let serves = 0;
    let away = true;
    const once = seller({
      async serve() {
        serves += 1;
        setTimeout(() => {
          away = false;
        }, leaseMs / 2);
        return "content";
      },
    });
    const outage: VerificationStore = {
      ...store,
      renew: (...args) => (away ? unreachable() : store.renew(...args)),
      release: (name, lease) => (away ? unreachable() : store.release(name, lease)),
    };
    const paying = payOnce(outage, payment, once, { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await paying).toMatchObject({ status: "paid", fresh: true, result: "content" });
    expect(serves).toBe(1);
  });

  it("does not hold up a caller that goes away", async () => {
    const gone = new AbortController();
    const deaf: VerificationStore = { ...store, renew: unreachable };
    const paying = expect(payOnce(deaf, payment, seller(), { leaseMs, signal: gone.signal })).rejects.toThrow("gone");
    setTimeout(() => gone.abort(new Error("gone")), 100);
    await vi.advanceTimersByTimeAsync(leaseMs / 3);
    await paying;
    expect(await payOnce(store, payment, seller(), { leaseMs })).toMatchObject({ status: "paid", fresh: true });
  });
});

describe("a process that stands still", () => {
  it("from its last renewal until after its lease settles nothing, though no timer of its own has fired yet", async () => {
    const clock = manualClock(Date.now());
    const shared = createVerificationStore(mapPort(clock));
    const startMs = performance.now();
    let stoodStillMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => startMs + stoodStillMs);
    let transfers = 0;
    const settling = seller({
      async settle() {
        transfers += 1;
        return { ok: true, receipt: `tx ${transfers}` };
      },
    });
    const halted: VerificationStore = {
      ...shared,
      async renew(...args) {
        const renewed = await shared.renew(...args);
        if (stoodStillMs > 0) return renewed;
        stoodStillMs = 2 * leaseMs;
        clock.advance(stoodStillMs);
        expect(await payOnce(shared, payment, settling, { leaseMs })).toMatchObject({ status: "paid", fresh: true });
        return renewed;
      },
    };
    const paid = await payOnce(halted, payment, settling, { leaseMs });
    expect(transfers).toBe(1);
    expect(paid).toEqual({ status: "paid", fresh: false, receipt: "tx 1" });
  });
});

describe("a rejected payload", () => {
  it("is no reason to ask for another payment while this one is being settled", async () => {
    let settled: (answer: { ok: true; receipt: string }) => void = () => undefined;
    const slow = seller({
      settle: () =>
        new Promise((resolve) => {
          settled = resolve;
        }),
    });
    const paying = payOnce(store, payment, slow, { leaseMs });
    await vi.advanceTimersByTimeAsync(10);
    const again = { ...payment, payloadHash: "the same, signed anew" };
    const used = seller({ verify: async () => ({ ok: false, reason: "nonce used" }) });
    expect(await payOnce(store, again, used, { leaseMs })).toMatchObject({ status: "pending" });
    settled({ ok: true, receipt: "tx" });
    expect(await paying).toMatchObject({ status: "paid", fresh: true });
  });

  it("is told as soon as the lease of an attempt that died before its settlement is over: nothing has moved", async () => {
    const dead = await store.claim(key, {
      ...{ token: "dead", fingerprint: "f", leaseMs, onLeaseExpiry: "retry" },
      retainUntilMs: payment.validUntilMs,
    });
    expect(dead).toMatchObject({ status: "claimed" });
    const expired = seller({ verify: async () => ({ ok: false, reason: "expired" }) });
    expect(await payOnce(store, payment, expired, { leaseMs })).toMatchObject({ status: "pending" });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await payOnce(store, payment, expired, { leaseMs })).toEqual({ status: "rejected", reason: "expired" });
  });
});

describe("a settlement that answers after its time", () => {
  it.each([{ ok: true }, { ok: "yes", receipt: "tx" }, { ok: true, receipt: 7 }, null, "paid"])(
    "with %j completes nothing",
    async (answer) => {
      let answers: () => void = () => undefined;
      const late = seller({
        settle: () =>
          new Promise((resolve) => {
            answers = () => resolve(JSON.parse(JSON.stringify(answer)));
          }),
      });
      const paying = payOnce(store, payment, late, { leaseMs, serialize });
      await vi.advanceTimersByTimeAsync(3 * leaseMs);
      expect(await paying).toMatchObject({ status: "pending" });
      answers();
      await vi.advanceTimersByTimeAsync(10);
      expect(await store.peek(key)).toMatchObject({ status: "unknown" });
    },
  );
});

describe("evidence", () => {
  it("that a late holder adds before it is taken over is not replaced by what was there before", async () => {
    let holder: Lease | undefined;
    const watched: VerificationStore = {
      ...store,
      renew: (name, lease, ...rest) => {
        holder = lease;
        return store.renew(name, lease, ...rest);
      },
    };
    const dying = seller({
      async settle({ note }) {
        await note("first transaction");
        return died();
      },
    });
    await payOnce(watched, payment, dying, { leaseMs });
    const overtaken: VerificationStore = {
      ...store,
      async reconcile(name, ...rest) {
        if (holder !== undefined) await store.note(key, holder, "second transaction");
        return store.reconcile(name, ...rest);
      },
    };
    const blind = seller({ findSettlement: async () => "unknown" });
    expect(await payOnce(overtaken, payment, blind, { leaseMs })).toMatchObject({ status: "pending" });
    expect(await store.peek(key)).toEqual({ status: "unknown", evidence: "second transaction" });
  });
});

describe("a note", () => {
  it("whose answer is still under way when the settlement fails is not replaced by the one before", async () => {
    const slow: VerificationStore = {
      ...store,
      async note(name, lease, evidence) {
        const noted = await store.note(name, lease, evidence);
        return evidence === "second" ? new Promise(() => undefined) : noted;
      },
    };
    const failing = seller({
      async settle({ note }) {
        await note("first");
        void note("second");
        return died();
      },
    });
    expect(await payOnce(slow, payment, failing, { leaseMs })).toMatchObject({ status: "pending" });
    expect(await store.peek(key)).toEqual({ status: "unknown", evidence: "second" });
  });

  it("that can never be kept does not replace one that is", async () => {
    const shouting = seller({
      async settle({ note }) {
        await note("first");
        await note("x".repeat(70_000)).catch(() => undefined);
        return died();
      },
    });
    expect(await payOnce(store, payment, shouting, { leaseMs })).toMatchObject({ status: "pending" });
    expect(await store.peek(key)).toEqual({ status: "unknown", evidence: "first" });
  });
});

describe("a store that fails between the claim and the work", () => {
  it("leaves no lease behind for the next caller to wait for", async () => {
    await payOnce(store, payment, refusing, { leaseMs });
    const failing: VerificationStore = {
      ...store,
      peek: (name, ...rest) => (name.startsWith("r:") ? unreachable() : store.peek(name, ...rest)),
    };
    await expect(payOnce(failing, payment, seller(), { leaseMs })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await store.peek(key)).toEqual({ status: "absent" });
  });
});

describe("a caller's own verification", () => {
  it("needs no look at refusals before it", async () => {
    const looked: string[] = [];
    const watched: VerificationStore = {
      ...store,
      peek(name, ...rest) {
        looked.push(name);
        return store.peek(name, ...rest);
      },
    };
    expect(await payOnce(watched, payment, seller(), { leaseMs })).toMatchObject({ fresh: true });
    expect(looked).toEqual([]);
    await payOnce(watched, { ...payment, key: "another" }, seller(), { leaseMs });
    expect(looked).toEqual(["r:payload"]);
  });

  it("counts for its first attempt: a refusal of somebody else's attempt overtakes it", async () => {
    const seen = { verifies: 0, serves: 0 };
    const drained = seller({
      async verify() {
        seen.verifies += 1;
        return seen.verifies === 1 ? { ok: true } : { ok: false, reason: "no funds" };
      },
      async serve() {
        seen.serves += 1;
        return "content";
      },
    });
    let robbed = false;
    const overtaken: VerificationStore = {
      ...store,
      async renew(name, lease, ...rest) {
        if (robbed) return store.renew(name, lease, ...rest);
        robbed = true;
        await store.release(name, lease);
        expect(await payOnce(store, payment, refusing, { leaseMs })).toMatchObject({ status: "rejected" });
        return { status: "lost", current: "absent" };
      },
    };
    expect(await payOnce(overtaken, payment, drained, { leaseMs })).toEqual({ status: "rejected", reason: "no funds" });
    expect(seen).toEqual({ verifies: 2, serves: 1 });
  });

  it("counts only where nobody else was at it: whom it waited for may have been refused", async () => {
    const seen = { verifies: 0, serves: 0 };
    const drained = seller({
      async verify() {
        seen.verifies += 1;
        return seen.verifies === 1 ? { ok: true } : { ok: false, reason: "no funds" };
      },
      async serve() {
        seen.serves += 1;
        return "content";
      },
    });
    let refuse: () => void = () => undefined;
    const other = seller({
      settle: () =>
        new Promise((resolve) => {
          refuse = () => resolve({ ok: false, reason: "no funds" });
        }),
    });
    let others: Promise<unknown> | undefined;
    const slower: VerificationStore = {
      ...store,
      async claim(name, ...rest) {
        if (name === key && others === undefined) {
          others = payOnce(store, payment, other, { leaseMs });
          await vi.advanceTimersByTimeAsync(10);
          const claim = await store.claim(name, ...rest);
          expect(claim).toMatchObject({ status: "in-progress" });
          refuse();
          return claim;
        }
        return store.claim(name, ...rest);
      },
    };
    const paying = payOnce(slower, payment, drained, { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await others).toEqual({ status: "rejected", reason: "no funds" });
    expect(await paying).toEqual({ status: "rejected", reason: "no funds" });
    expect(seen).toEqual({ verifies: 2, serves: 0 });
  });
});

describe("a caller that went away while it claimed", () => {
  it.each(["serve-then-settle", "settle-then-serve"] as const)("is not worked for: %s", async (order) => {
    const caller = new AbortController();
    const steps: string[] = [];
    const gone: VerificationStore = {
      ...store,
      async claim(name, ...rest) {
        if (name === key) caller.abort(new Error("gone"));
        return store.claim(name, ...rest);
      },
    };
    const busy = seller({
      async serve() {
        steps.push("serve");
        return "content";
      },
      async settle() {
        steps.push("settle");
        return { ok: true, receipt: "tx" };
      },
    });
    await expect(payOnce(gone, payment, busy, { leaseMs, order, signal: caller.signal })).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    expect(steps).toEqual([]);
    expect(await store.peek(key)).toEqual({ status: "absent" });
    expect(vi.getTimerCount()).toBe(0);
  });
});
