// One attempt at a payment when things go wrong around the settlement: leases lost, records taken, receipts too large.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreError } from "../errors.ts";
import { mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { payOnce } from "./pay-once.ts";
import type { Payment, PaymentSteps } from "./payment.ts";
import type { VerificationStore } from "./verification-store.ts";

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
  vi.useRealTimers();
});

function seller(more: Partial<PaymentSteps<string>> = {}): PaymentSteps<string> {
  return {
    verify: async () => ({ ok: true }),
    serve: async () => "content",
    settle: async () => ({ ok: true, receipt: "tx" }),
    findSettlement: async () => "unknown",
    ...more,
  };
}
const never = () => new Promise<never>(() => undefined);
const died = () => Promise.reject(new Error("died"));
const unreachable = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" }));
const serialize = (text: string) => text;
/** The store, but that nothing can be renewed from `fromMs` of fake time on. */
function deafAfter(ms: number): VerificationStore {
  const fromMs = performance.now() + ms;
  return { ...store, renew: (...args) => (performance.now() >= fromMs ? unreachable() : store.renew(...args)) };
}
/** The store, but that completing a payment is answered by `complete`. */
const completing = (complete: VerificationStore["complete"]): VerificationStore => ({
  ...store,
  complete: (name, ...rest) => (name === key ? complete(name, ...rest) : store.complete(name, ...rest)),
});

describe("a holder whose record somebody else completed", () => {
  it.each([
    [undefined, { status: "paid", fresh: false, receipt: "tx" }],
    [serialize, { status: "paid", fresh: false, receipt: "tx", stored: "content" }],
  ])("is paid, but not fresh", async (keep, answer) => {
    const robbed = completing(async () => ({ status: "lost", current: "done" }));
    expect(await payOnce(robbed, payment, seller(), { leaseMs, serialize: keep })).toStrictEqual(answer);
  });
});

describe("a lease lost", () => {
  it("while settling aborts the settlement at once, and leaves it in doubt", async () => {
    const signals: AbortSignal[] = [];
    const slow = seller({
      settle({ signal }) {
        signals.push(signal);
        return never();
      },
    });
    const paying = payOnce(deafAfter(500), payment, slow, { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs - 1);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(signals[0]?.aborted).toBe(true);
    expect(await paying).toMatchObject({ status: "pending" });
    expect(await store.peek(key)).toMatchObject({ status: "unknown" });
  });

  it("while finding out what became of a settlement aborts that too", async () => {
    await payOnce(store, payment, seller({ settle: died }));
    const signals: AbortSignal[] = [];
    const searching = seller({
      findSettlement(_, { signal }) {
        signals.push(signal);
        return never();
      },
    });
    const paying = payOnce(deafAfter(0), payment, searching, { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs + 1);
    expect(signals[0]?.aborted).toBe(true);
    expect(await paying).toMatchObject({ status: "pending" });
  });

  it("before the money moved, settled first, takes the payment up again", async () => {
    let renewals = 0;
    const robbedOnce: VerificationStore = {
      ...store,
      async renew(name, lease, ...rest) {
        renewals += 1;
        if (renewals > 1) return store.renew(name, lease, ...rest);
        await store.release(name, lease);
        return { status: "lost", current: "absent" };
      },
    };
    const paid = await payOnce(robbedOnce, payment, seller(), { leaseMs, order: "settle-then-serve" });
    expect(paid).toMatchObject({ status: "paid", fresh: true });
    expect(renewals).toBe(2);
  });

  it("while serving what is settled leaves the record to whoever finds the settlement", async () => {
    const order = "settle-then-serve";
    const searches: (string | undefined)[] = [];
    let serves = 0;
    const slow = seller({
      serve() {
        serves += 1;
        return serves === 1 ? never() : Promise.resolve("content");
      },
      async findSettlement(evidence) {
        searches.push(evidence);
        return { receipt: "tx" };
      },
    });
    const fromMs = performance.now() + 500;
    const deaf: VerificationStore = {
      ...store,
      renew: (...args) => (performance.now() >= fromMs && serves === 1 ? unreachable() : store.renew(...args)),
    };
    const paying = payOnce(deaf, payment, slow, { leaseMs, order });
    await vi.advanceTimersByTimeAsync(leaseMs + 10);
    expect(await paying).toEqual({ status: "paid", fresh: true, receipt: "tx", result: "content" });
    expect(searches).toEqual(["tx"]);
  });
});

describe("a verification repeated after a refusal", () => {
  const refusedOnce = async () => {
    await payOnce(store, payment, seller({ settle: async () => ({ ok: false, reason: "no" }) }), { leaseMs });
  };

  it("is given the fence it works under and three leases to answer", async () => {
    await refusedOnce();
    const given: { signal: AbortSignal; fence: string }[] = [];
    const hung = seller({
      verify({ signal, fence }) {
        given.push({ signal, fence });
        return never();
      },
    });
    const failed = expect(payOnce(store, payment, hung, { leaseMs })).rejects.toMatchObject({ name: "TimeoutError" });
    await vi.advanceTimersByTimeAsync(3 * leaseMs - 1);
    expect(given).toMatchObject([{ fence: expect.stringMatching(/^\d+$/), signal: { aborted: false } }]);
    await vi.advanceTimersByTimeAsync(1);
    await failed;
    expect(given[0]?.signal.aborted).toBe(true);
    expect(await store.peek(key)).toEqual({ status: "absent" });
  });

  it("that loses its lease is taken up again", async () => {
    await refusedOnce();
    let verifies = 0;
    const slow = seller({
      verify() {
        verifies += 1;
        return verifies === 1 ? never() : Promise.resolve({ ok: true });
      },
    });
    const fromMs = performance.now();
    const deaf: VerificationStore = {
      ...store,
      renew: (...args) => (performance.now() < fromMs + leaseMs ? unreachable() : store.renew(...args)),
    };
    const paying = payOnce(deaf, payment, slow, { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs + 10);
    expect(await paying).toMatchObject({ status: "paid", fresh: true });
    expect(verifies).toBe(2);
  });
});

describe("time", () => {
  it("is three leases for a settlement, to the millisecond", async () => {
    const paying = payOnce(store, payment, seller({ settle: never }), { leaseMs });
    let ended = false;
    void paying.then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(3 * leaseMs - 1);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await paying).toMatchObject({ status: "pending" });
  });
});

describe("the caller's signal", () => {
  it("reaches serve as long as nothing has moved", async () => {
    const controller = new AbortController();
    const signals: AbortSignal[] = [];
    const slow = seller({
      serve({ signal }) {
        signals.push(signal);
        return never();
      },
    });
    const paying = payOnce(store, payment, slow, { leaseMs, signal: controller.signal });
    const failed = expect(paying).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    expect(signals[0]?.aborted).toBe(false);
    controller.abort(new Error("gone"));
    await failed;
    expect(signals[0]?.aborted).toBe(true);
  });
});

describe("an answer that comes too late", () => {
  it.each([
    ["a refusal", "serve-then-settle", serialize, { ok: false, reason: "no" }],
    ["a receipt without anything kept", "serve-then-settle", undefined, { ok: true, receipt: "late" }],
    ["a receipt for what is still to be served", "settle-then-serve", serialize, { ok: true, receipt: "late" }],
  ] as const)("completes nothing: %s", async (_title, order, keep, answer) => {
    let answers: (late: { ok: true; receipt: string } | { ok: false; reason: string }) => void = () => undefined;
    const late = seller({
      settle: () =>
        new Promise((resolve) => {
          answers = resolve;
        }),
    });
    const paying = payOnce(store, payment, late, { leaseMs, order, serialize: keep });
    await vi.advanceTimersByTimeAsync(3 * leaseMs);
    expect(await paying).toMatchObject({ status: "pending" });
    answers(answer);
    await vi.advanceTimersByTimeAsync(10);
    expect(await store.peek(key)).toMatchObject({ status: "unknown" });
  });
});

describe("a settlement that the store does not confirm", () => {
  it("is pending, not paid, also for whoever found it", async () => {
    await payOnce(store, payment, seller({ settle: died }));
    const down: VerificationStore = { ...completing(unreachable), renew: deafAfter(1).renew };
    const found = payOnce(down, payment, seller({ findSettlement: async () => ({ receipt: "tx" }) }), { leaseMs });
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    expect(await found).toMatchObject({ status: "pending" });
  });

  it("is tried again after pauses that grow to a second, until the lease would be over", async () => {
    const at: number[] = [];
    const counting = completing(() => {
      at.push(performance.now());
      return unreachable();
    });
    const deaf: VerificationStore = { ...counting, renew: deafAfter(1).renew };
    const paying = payOnce(deaf, payment, seller(), { leaseMs });
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    expect(await paying).toMatchObject({ status: "pending" });
    expect(at.slice(1).map((ms, i) => ms - (at[i] ?? 0))).toEqual([50, 100, 200, 400, 800, 1_000]);
  });

  it("with a receipt too large for any record is thrown, and stays in doubt", async () => {
    const receipt = "x".repeat(70_000);
    const shouting = seller({ settle: async () => ({ ok: true, receipt }) });
    await expect(payOnce(store, payment, shouting, { leaseMs })).rejects.toMatchObject({
      code: "STORE_VALUE_TOO_LARGE",
    });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await store.peek(key)).toMatchObject({ status: "unknown" });
  });
});
