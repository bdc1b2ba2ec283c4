// payOnce at its edges: what each step is given, its limits, records of other hands, and what is left behind.
import { getMaxListeners, setMaxListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { StoreError } from "../errors.ts";
import {
  deferred,
  hour,
  intercepted,
  keep,
  leaseMs,
  lostReply,
  never,
  notSent,
  orders,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import { sharedRecordOf } from "./shared-verification.ts";
import type { StepContext } from "./step-context.ts";
import type { Lease } from "./verification-store.ts";
import { verifyOnce } from "./verify-once.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const died = () => Promise.reject(new Error("died"));
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const sharedKey = () => sharedRecordOf(world.payment).key;

describe.each(orders)("payOnce, %s", (order) => {
  it("leaves no timer and no listener behind, paid, refused, in doubt or found", async () => {
    const caller = new AbortController();
    const added = vi.spyOn(caller.signal, "addEventListener");
    const removed = vi.spyOn(caller.signal, "removeEventListener");
    const options = { order, signal: caller.signal };
    await payOnce(world.stores[0], world.payment, seller(), options);
    const second = { ...world.payment, key: "second", payloadHash: "second" };
    const blind = seller({ findSettlement: async () => "unknown" });
    await payOnce(world.stores[0], second, { ...blind, settle: async () => ({ ok: false, reason: "no" }) }, options);
    await payOnce(world.stores[0], second, { ...blind, settle: died }, options);
    await payOnce(world.stores[0], second, seller({ findSettlement: async () => ({ receipt: "tx" }) }), options);
    expect(vi.getTimerCount()).toBe(0);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });

  it("lets many calls share a signal without a warning, and leaves a limit of its owner's", async () => {
    const warned: unknown[] = [];
    const hear = (warning: unknown) => warned.push(warning);
    process.on("warning", hear);
    const shared = new AbortController();
    const limited = new AbortController();
    setMaxListeners(40, limited.signal);
    const calls = Array.from({ length: 30 }, (_, index) => {
      const payment = { ...world.payment, key: `${index}`, payloadHash: `${index}` };
      const signal = index < 15 ? shared.signal : limited.signal;
      return payOnce(world.stores[0], payment, seller({ serve: never }), { order, leaseMs, signal }).catch(
        () => "gone",
      );
    });
    await vi.advanceTimersByTimeAsync(leaseMs);
    await Promise.all(Array.from({ length: 15 }, () => world.stores[0].peek("p:0", { signal: shared.signal })));
    expect(getMaxListeners(limited.signal)).toBe(40);
    for (const controller of [shared, limited]) controller.abort(new Error("the process ends"));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["gone"]));
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    process.off("warning", hear);
    expect(warned).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives every step the fence of the claim it works under, and a signal", async () => {
    const given: Record<string, StepContext> = {};
    const record = (step: string, { signal, fence }: StepContext) => {
      given[step] = { signal, fence };
    };
    const steps = seller({
      verify: async (context) => {
        record("verify", context);
        return { ok: true };
      },
      serve: async (context) => {
        record("serve", context);
        return "content";
      },
      settle: async (context) => {
        record("settle", context);
        throw new Error("died");
      },
      findSettlement: async (_, context) => {
        record("find", context);
        return given.find === undefined ? "unknown" : { receipt: "tx" };
      },
    });
    await payOnce(world.stores[0], world.payment, steps, { order });
    await payOnce(world.stores[0], world.payment, steps, { order });
    expect(Object.keys(given).sort()).toEqual(["find", "serve", "settle", "verify"]);
    const fence = (step: string) => Number(given[step]?.fence);
    expect(fence("find")).toBeGreaterThan(fence("settle"));
    if (order === "serve-then-settle") expect(fence("verify")).toBeLessThanOrEqual(fence("settle"));
    else expect(fence("serve")).toBeGreaterThan(fence("find"));
    for (const { signal } of Object.values(given)) expect(signal).toBeInstanceOf(AbortSignal);
  });

  it("hands findSettlement the reference of the attempt that it is about, else this caller's", async () => {
    const references: unknown[] = [];
    const looking = seller({
      async findSettlement(_, context) {
        references.push(Object.hasOwn(context, "reference") ? context.reference : "none");
        return "unknown";
      },
    });
    const first = { ...world.payment, reference: "nonce 1" };
    await payOnce(world.stores[0], first, seller({ settle: died }), { order });
    await payOnce(world.stores[1], { ...first, reference: "nonce 2" }, looking, { order });
    const second = { ...world.payment, key: "second", payloadHash: "second" };
    await payOnce(world.stores[0], second, seller({ settle: died }), { order });
    await payOnce(world.stores[1], { ...second, reference: "nonce 2" }, looking, { order });
    await payOnce(world.stores[1], second, looking, { order });
    expect(references).toEqual(["nonce 1", "nonce 2", "none"]);
  });

  it("takes an attempt up five times at most", async () => {
    let rounds = 0;
    // Every attempt is undone by another before it can settle.
    const robbed = intercepted(world.stores[0], async ({ method, given, apply }) => {
      if (method !== "renew") return apply();
      rounds += 1;
      await world.stores[1].release("p:payment", given[1] as Lease);
      return { status: "lost", current: "absent" };
    });
    const paid = await payOnce(robbed, world.payment, seller(), { order });
    expect(paid).toEqual({ status: "pending", retryAfterMs: 1_000 });
    expect(rounds).toBe(5);
    expect(world.ledger.transfers).toBe(0);
  });

  it("throws what the store throws when recording, other than being out of reach, and says that it is in doubt", async () => {
    const error = new StoreError("STORE_CORRUPT", "unreadable");
    const broken = intercepted(world.stores[0], ({ method, apply }) =>
      method === "settle" ? Promise.reject(error) : apply(),
    );
    await expect(payOnce(broken, world.payment, seller(), { order })).rejects.toBe(error);
    expect(world.ledger.transfers).toBe(1);
    expect(world.messages.map(({ event }) => event)).toEqual(["in-doubt"]);
  });

  it.each(["claim", "renew"])("throws what the store throws at %s, other than being out of reach", async (failing) => {
    const error = new StoreError("STORE_CAPACITY", "full");
    const full = intercepted(world.stores[0], ({ method, name, apply }) =>
      method === failing && name === "p:payment" ? Promise.reject(error) : apply(),
    );
    await expect(payOnce(full, world.payment, seller(), { order })).rejects.toBe(error);
    expect(world.ledger.transfers).toBe(0);
    expect(await world.stores[1].peek("p:payment")).toEqual({ status: "absent" });
  });

  it.each(["release", "expire"])("is pending where %s fails, other than for being out of reach", async (failing) => {
    const error = new StoreError("STORE_CORRUPT", "unreadable");
    const broken = intercepted(world.stores[0], ({ method, name, apply }) =>
      method === failing && name === "p:payment" ? Promise.reject(error) : apply(),
    );
    const refused = seller({
      settle: async () => ({ ok: false, reason: "no" }),
      findSettlement: async () => (failing === "expire" ? { none: "void" } : "unknown"),
    });
    expect(await payOnce(broken, world.payment, refused, { order })).toMatchObject({ status: "pending" });
  });

  it.each(["release", "expire", "markUnknown"])(
    "is pending where %s is out of reach until the lease ends",
    async (failing) => {
      const away = intercepted(world.stores[0], ({ method, name, apply }) =>
        method === failing && name === "p:payment" ? Promise.reject(notSent()) : apply(),
      );
      const refused = seller({
        settle: async () => ({ ok: false, reason: "no", used: failing === "markUnknown" }),
        findSettlement: async () => (failing === "expire" ? { none: "void" } : "unknown"),
      });
      const started = performance.now();
      let told = -1;
      const work = payOnce(away, world.payment, refused, { leaseMs, order }).finally(() => {
        told = performance.now() - started;
      });
      expect(await passing(leaseMs + 1_000, work)).toMatchObject({ status: "pending" });
      // Doubt needs no word of the store.
      if (failing === "markUnknown") expect(told).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
      expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
    },
  );

  it("an expiry that was overtaken by a receipt is looked at anew", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { order });
    const overtaken = seller({
      async findSettlement() {
        await world.stores[1].settle("p:payment", { receipt: "tx" });
        return { none: "void" };
      },
    });
    expect(await payOnce(world.stores[0], world.payment, overtaken, { order })).toEqual(fresh);
  });
});

describe("the shared verification of a payment", () => {
  it("that is under way elsewhere is waited for one lease, then pending for as long as that one's lease", async () => {
    void verifyOnce(world.stores[0], world.payment, never, { leaseMs: 60_000 }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1);
    const paid = await passing(leaseMs + 1, payOnce(world.stores[1], world.payment, seller(), { leaseMs }));
    expect(paid.status === "pending" && paid.retryAfterMs).toBeGreaterThan(50_000);
  });

  it("of something else is a conflict, told without a claim on the payment", async () => {
    await verifyOnce(world.stores[0], world.payment, async () => ({ ok: true }));
    const other = { ...world.payment, fingerprint: "other" };
    expect(await payOnce(world.stores[1], other, seller())).toEqual({ status: "conflict" });
    expect(await world.stores[1].peek("p:payment")).toEqual({ status: "absent" });
  });

  it("is pending for a lease where its record was marked unknown by other hands", async () => {
    const { key, fingerprint } = sharedRecordOf(world.payment);
    const request = { token: "a", fingerprint, leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
    const claim = await world.stores[0].claim(key, request);
    if (claim.status === "claimed") await world.stores[0].markUnknown(key, claim.lease);
    const paid = await payOnce(world.stores[1], world.payment, seller(), { leaseMs });
    expect(paid).toEqual({ status: "pending", retryAfterMs: leaseMs });
  });

  it("is remembered as long as the payment, so that the payload stays bound to its key", async () => {
    await payOnce(world.stores[0], world.payment, seller());
    await vi.advanceTimersByTimeAsync(24 * hour);
    expect((await world.stores[0].peek(sharedKey())).status).not.toBe("absent");
    await vi.advanceTimersByTimeAsync(hour);
    expect(await world.stores[0].peek(sharedKey())).toEqual({ status: "absent" });
  });

  it("need not be recorded before the payment is claimed, and is recorded through an outage", async () => {
    let failures = 3;
    const flaky = intercepted(world.stores[0], ({ method, apply }) => {
      if (method !== "complete" || failures === 0) return apply();
      failures -= 1;
      return Promise.reject(lostReply());
    });
    expect(await payOnce(flaky, world.payment, seller(), { leaseMs })).toEqual(fresh);
    expect(await world.stores[1].peek(sharedKey())).toMatchObject({ status: "in-progress" });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await world.stores[1].peek(sharedKey())).toMatchObject({ status: "done", outcome: "accepted" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that cannot be recorded at all holds nothing up", async () => {
    const broken = intercepted(world.stores[0], ({ method, apply }) =>
      method === "complete" ? Promise.reject(new StoreError("STORE_CORRUPT", "unreadable")) : apply(),
    );
    expect(await payOnce(broken, world.payment, seller())).toEqual(fresh);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("F15: a rejected one leaves nothing of the payment behind, and its own record lasts ten seconds", async () => {
    const strict = seller({ verify: async () => ({ ok: false, reason: "wrong amount" }) });
    for (let n = 0; n < 100; n += 1) {
      await payOnce(world.stores[0], { ...world.payment, key: `k${n}`, payloadHash: `forged ${n}` }, strict);
    }
    const records = [...world.port.records.values()];
    expect(records).toHaveLength(100);
    expect(Math.max(...records.map(({ endsAtMs }) => endsAtMs)) - Date.now()).toBe(10_000);
    expect(world.ledger.serves).toBe(0);
  });
});

describe("an abort", () => {
  it("is told at once, also while the store is silent", async () => {
    const silent = intercepted(world.stores[0], ({ method, apply }) => (method === "claim" ? never() : apply()));
    const caller = new AbortController();
    const left = expect(payOnce(silent, world.payment, seller(), { signal: caller.signal })).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(new Error("gone"));
    await left;
  });

  it("while the record is looked at, or a duplicate is told, changes nothing", async () => {
    const caller = new AbortController();
    const past = { ...world.payment, validUntilMs: Date.now() - 1 };
    const looking = intercepted(world.stores[0], ({ method, apply }) => {
      if (method === "peek") caller.abort(new Error("gone"));
      return apply();
    });
    await expect(payOnce(looking, past, seller(), { signal: caller.signal })).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    expect(world.ledger.verifies).toBe(0);
    expect(world.port.records.size).toBe(0);
  });

  it("a look that fails is thrown", async () => {
    const past = { ...world.payment, validUntilMs: Date.now() - 1 };
    const broken = intercepted(world.stores[0], ({ method, apply }) =>
      method === "peek" ? Promise.reject(notSent()) : apply(),
    );
    await expect(payOnce(broken, past, seller())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("while an attempt of another is being found out leaves the payment in doubt, never free", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }));
    for (const when of ["before", "after"]) {
      const caller = new AbortController();
      const leaving = intercepted(world.stores[0], async ({ method, apply }) => {
        if (method === "reconcile" && when === "before") caller.abort(new Error("gone"));
        const reply = await apply();
        if (method === "reconcile") caller.abort(new Error("gone"));
        return reply;
      });
      await expect(payOnce(leaving, world.payment, seller(), { signal: caller.signal })).rejects.toThrow("gone");
      await vi.advanceTimersByTimeAsync(10);
      expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
    }
    expect(world.ledger.searches).toEqual([]);
  });

  it("while findSettlement works does not stop it: its receipt is recorded, and owed", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { keep });
    const found = deferred<{ receipt: string }>();
    const caller = new AbortController();
    const asking = payOnce(world.stores[0], world.payment, seller({ findSettlement: () => found.promise }), {
      ...{ keep, signal: caller.signal },
    });
    const left = expect(asking).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(new Error("gone"));
    await left;
    found.resolve({ receipt: "tx" });
    await vi.advanceTimersByTimeAsync(10);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled", receipt: "tx" });
    expect(await payOnce(world.stores[1], world.payment, seller(), { keep })).toEqual(fresh);
    expect(world.ledger.serves).toBe(1);
  });
});
