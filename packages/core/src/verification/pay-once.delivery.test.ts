// Paid means delivered: who was charged and lost the answer gets what was paid for, once, from what was kept or made anew.
import { describe, expect, it, vi } from "vitest";
import {
  deferred,
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
import type { VerificationStore } from "./verification-store.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const duplicate = { status: "paid", fresh: false, receipt: "tx" };

/** A store that answers until `cut` is called, and then never again. */
function mortal() {
  let alive = true;
  const store = intercepted(world.stores[0], ({ apply }) => (alive ? apply() : never()));
  return {
    store,
    kill: () => {
      alive = false;
    },
  };
}
/** Moves the money, and then does what is given. */
const moving = (then: () => Promise<{ ok: true; receipt: string }>): PaymentSteps<string>["settle"] => {
  return () => {
    world.ledger.transfers += 1;
    return then();
  };
};

describe.each(orders)("A1: charged, and the answer lost, %s", (order) => {
  describe.each([
    { title: "with a result that was kept", with: keep, serves: 1 },
    { title: "with nothing kept", with: undefined, serves: 2 },
  ])("$title", ({ with: kept, serves }) => {
    const options = { leaseMs, order, keep: kept };
    /** Settled first, nothing was served before the settlement. */
    const servedInAll = order === "settle-then-serve" ? 1 : serves;
    const expectDelivered = async (store: VerificationStore = world.stores[1]) => {
      expect(await passing(2 * leaseMs, payOnce(store, world.payment, seller(), options))).toEqual(fresh);
      expect(world.ledger).toMatchObject({ transfers: 1, serves: servedInAll });
      const again = kept === undefined ? duplicate : { ...duplicate, kept: "content" };
      expect(await payOnce(world.stores[0], world.payment, seller(), options)).toEqual(again);
      expect(world.ledger).toMatchObject({ transfers: 1, serves: servedInAll });
    };

    it("kill -9 after settle was sent", async () => {
      const { store, kill } = mortal();
      const dying = moving(() => {
        kill();
        return never();
      });
      void payOnce(store, world.payment, seller({ settle: dying }), options);
      await vi.advanceTimersByTimeAsync(leaseMs);
      await expectDelivered();
    });

    it("kill -9 after settle answered", async () => {
      const { store, kill } = mortal();
      const dying = moving(async () => {
        kill();
        return { ok: true, receipt: "tx" };
      });
      const serving = order === "settle-then-serve" ? { serve: never } : {};
      void payOnce(store, world.payment, seller({ settle: dying, ...serving }), options);
      await vi.advanceTimersByTimeAsync(leaseMs);
      await expectDelivered();
    });

    it("SIGSTOP in settle, and another instance takes it up", async () => {
      const answer = deferred<{ ok: true; receipt: string }>();
      const first = payOnce(world.stores[0], world.payment, seller({ settle: moving(() => answer.promise) }), options);
      await vi.advanceTimersByTimeAsync(10);
      world.standStill(2 * leaseMs);
      const second = await payOnce(world.stores[1], world.payment, seller(), options);
      expect(second).toEqual(fresh);
      answer.resolve({ ok: true, receipt: "tx" });
      expect(await passing(10, first)).toEqual(kept ? { ...duplicate, kept: "content" } : duplicate);
      expect(world.ledger.transfers).toBe(1);
    });

    it("settle throws after the money moved", async () => {
      const lossy = seller({ settle: moving(() => Promise.reject(new Error("reply lost"))) });
      expect(await payOnce(world.stores[0], world.payment, lossy, options)).toMatchObject({ status: "pending" });
      await expectDelivered();
    });

    it("settle takes longer than three leases, and its success is recorded when it comes", async () => {
      const answer = deferred<{ ok: true; receipt: string }>();
      const slow = seller({ settle: moving(() => answer.promise) });
      const first = await passing(3 * leaseMs, payOnce(world.stores[0], world.payment, slow, options));
      expect(first).toMatchObject({ status: "pending" });
      expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
      answer.resolve({ ok: true, receipt: "tx" });
      await vi.advanceTimersByTimeAsync(10);
      expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled", receipt: "tx" });
      await expectDelivered();
      expect(world.ledger.searches).toEqual([]);
    });

    it("the store is away for a lease after the settlement", async () => {
      let away = false;
      const store = intercepted(world.stores[0], ({ apply }) => (away ? Promise.reject(notSent()) : apply()));
      const settle = moving(async () => {
        away = true;
        setTimeout(() => {
          away = false;
        }, leaseMs);
        return { ok: true, receipt: "tx" };
      });
      const paid = await passing(2 * leaseMs, payOnce(store, world.payment, seller({ settle }), options));
      expect(paid).toEqual(fresh);
      expect(world.ledger).toMatchObject({ transfers: 1, serves: order === "settle-then-serve" ? 1 : 1 });
    });

    it("the store is away for good after the settlement", async () => {
      let away = false;
      const store = intercepted(world.stores[0], ({ apply }) => (away ? Promise.reject(lostReply()) : apply()));
      const settle = moving(async () => {
        away = true;
        return { ok: true, receipt: "tx" };
      });
      const work = payOnce(store, world.payment, seller({ settle }), options);
      expect(await passing(10 * leaseMs, work)).toMatchObject({ status: "pending" });
      const served = world.ledger.serves;
      expect(await payOnce(world.stores[1], world.payment, seller(), options)).toEqual(fresh);
      // Taking back a delivery that was not heard of is given up at last.
      await vi.advanceTimersByTimeAsync(70 * leaseMs);
      expect(vi.getTimerCount()).toBe(0);
      // Settled first, it was made for an answer that could not be recorded, and nothing was kept of it.
      const again = order === "settle-then-serve" || kept === undefined ? 1 : 0;
      expect(world.ledger).toMatchObject({ transfers: 1, serves: served + again });
    });
  });
});

describe.each(orders)("A2: the caller leaves, %s", (order) => {
  const gone = new Error("client went away");

  it("while it is served by a step that never ends: three leases later the next caller is served", async () => {
    const caller = new AbortController();
    let hangs: AbortSignal | undefined;
    const hanging = seller({
      serve: ({ signal }) => {
        hangs = signal;
        return never();
      },
    });
    const left = expect(
      payOnce(world.stores[0], world.payment, hanging, { order, leaseMs, signal: caller.signal }),
    ).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(gone);
    await left;
    await vi.advanceTimersByTimeAsync(3 * leaseMs);
    expect(hangs?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order, leaseMs })).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
  });

  it("while a delivery is recorded, and the store is away for twenty leases: it is taken back, and the next is served", async () => {
    const caller = new AbortController();
    let away = false;
    const store = intercepted(world.stores[0], async ({ method, given, apply }) => {
      if (away) throw lostReply();
      const reply = await apply();
      if (method !== "deliver" && !JSON.stringify(given).includes('"deliver":{')) return reply;
      away = true;
      caller.abort(gone);
      throw lostReply();
    });
    const left = expect(
      payOnce(store, world.payment, seller(), { order, leaseMs, signal: caller.signal }),
    ).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(20 * leaseMs);
    await left;
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "delivered" });
    away = false;
    await vi.advanceTimersByTimeAsync(2 * leaseMs);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order, leaseMs })).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
  });

  it.each(["before it is applied", "after it is applied"])(
    "during the switch to the settlement, %s: nothing is settled",
    async (when) => {
      const caller = new AbortController();
      const store = intercepted(world.stores[0], async ({ method, apply }) => {
        if (method === "renew" && when === "before it is applied") caller.abort(gone);
        const reply = await apply();
        if (method === "renew") caller.abort(gone);
        return reply;
      });
      const options = { leaseMs, order, keep, signal: caller.signal };
      await expect(payOnce(store, world.payment, seller(), options)).rejects.toBe(gone);
      await vi.advanceTimersByTimeAsync(10);
      expect(world.ledger).toMatchObject({ settles: 0, transfers: 0 });
      expect(await world.stores[1].peek("p:payment")).toEqual({ status: "absent" });
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("during the switch, whose answer is lost: nothing is settled", async () => {
    const caller = new AbortController();
    const store = intercepted(world.stores[0], async ({ method, apply }) => {
      if (method !== "renew") return apply();
      await apply();
      caller.abort(gone);
      throw lostReply();
    });
    await expect(payOnce(store, world.payment, seller(), { leaseMs, order, signal: caller.signal })).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order })).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
  });

  it("while the switch is tried again: nothing is settled", async () => {
    const caller = new AbortController();
    const store = intercepted(world.stores[0], ({ method, apply }) =>
      method === "renew" ? Promise.reject(notSent()) : apply(),
    );
    const work = payOnce(store, world.payment, seller(), { leaseMs, order, signal: caller.signal });
    const left = expect(work).rejects.toBe(gone);
    setTimeout(() => caller.abort(gone), 100);
    await vi.advanceTimersByTimeAsync(leaseMs / 3);
    await left;
    expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order })).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
  });

  it("during settle: it is recorded as owed, and the next caller gets it, made once", async () => {
    const caller = new AbortController();
    const settle = moving(async () => {
      caller.abort(gone);
      return { ok: true, receipt: "tx" };
    });
    const options = { leaseMs, order, keep };
    const left = payOnce(world.stores[0], world.payment, seller({ settle }), { ...options, signal: caller.signal });
    await expect(left).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled", receipt: "tx" });
    expect(await payOnce(world.stores[1], world.payment, seller(), options)).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });

  it("during a settlement that is refused: the payment is free, and asked about first", async () => {
    const caller = new AbortController();
    const settle: PaymentSteps<string>["settle"] = async () => {
      caller.abort(gone);
      return { ok: false, reason: "no funds" };
    };
    const left = payOnce(world.stores[0], world.payment, seller({ settle }), { leaseMs, order, signal: caller.signal });
    await expect(left).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    expect(world.ledger.searches).toEqual([undefined]);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(fresh);
  });

  it.each([
    { title: "before it is applied", lose: false, applied: false },
    { title: "after it is applied", lose: false, applied: true },
    { title: "whose answer is lost", lose: true, applied: true },
    { title: "which is never applied", lose: true, applied: false },
  ])("during the recording of the delivery, $title: it is taken back, and owed", async ({ lose, applied }) => {
    const caller = new AbortController();
    const store = intercepted(world.stores[0], async ({ method, given, apply }) => {
      const delivers = method === "deliver" || (method === "settle" && JSON.stringify(given).includes('"deliver":{'));
      if (!delivers || caller.signal.aborted) return apply();
      if (!applied) caller.abort(gone);
      const reply = lose && !applied ? undefined : await apply();
      caller.abort(gone);
      if (lose) throw lostReply();
      return reply;
    });
    const options = { leaseMs, order, keep };
    await expect(payOnce(store, world.payment, seller(), { ...options, signal: caller.signal })).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled", receipt: "tx" });
    expect(vi.getTimerCount()).toBe(0);
    const next = await payOnce(world.stores[1], world.payment, seller(), options);
    expect(next).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });
});

describe("a caller who leaves while what is owed is made", () => {
  it("has it kept for the next one", async () => {
    const caller = new AbortController();
    const made = deferred<string>();
    const serve = () => {
      world.ledger.serves += 1;
      return made.promise;
    };
    const options = { leaseMs, order: "settle-then-serve", keep } as const;
    const left = payOnce(world.stores[0], world.payment, seller({ serve }), { ...options, signal: caller.signal });
    const refused = expect(left).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(new Error("gone"));
    await refused;
    made.resolve("made once");
    await vi.advanceTimersByTimeAsync(10);
    const next = await payOnce(world.stores[1], world.payment, seller(), options);
    expect(next).toEqual({ ...fresh, result: "made once" });
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });

  it("has it kept also where the receipt is slower than what is made", async () => {
    const caller = new AbortController();
    const settle = moving(async () => {
      caller.abort(new Error("gone"));
      return { ok: true, receipt: "tx" };
    });
    const slow = intercepted(world.stores[0], async ({ method, apply }) => {
      if (method === "settle") await new Promise((resolve) => setTimeout(resolve, 100));
      return apply();
    });
    const options = { leaseMs, order: "settle-then-serve", keep } as const;
    const left = payOnce(slow, world.payment, seller({ settle }), { ...options, signal: caller.signal });
    await expect(left).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await payOnce(world.stores[1], world.payment, seller(), options)).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });
});

describe("A4: the order is changed between two deploys", () => {
  it.each([
    ["serve-then-settle", "settle-then-serve"],
    ["settle-then-serve", "serve-then-settle"],
  ] as const)("from %s to %s: what was settled under one is served under the other", async (before, after) => {
    const { store, kill } = mortal();
    const dying = moving(() => {
      kill();
      return never();
    });
    void payOnce(store, world.payment, seller({ settle: dying }), { leaseMs, order: before });
    await vi.advanceTimersByTimeAsync(2 * leaseMs);
    const next = await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order: after });
    expect(next).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
    expect(await payOnce(world.stores[0], world.payment, seller(), { leaseMs, order: before })).toEqual(duplicate);
  });
});

describe.each(orders)("A5: a lost record, %s", (order) => {
  const forget = () => {
    for (const key of world.port.records.keys()) world.port.put(key, { endsAtMs: 0, body: null });
  };
  /** A chain that honours nonces. */
  const chain = (more: Partial<PaymentSteps<string>> = {}) =>
    seller({
      async settle() {
        if (world.ledger.transfers > 0) return { ok: false, reason: "nonce used", used: true };
        world.ledger.transfers += 1;
        return { ok: true, receipt: "tx" };
      },
      ...more,
    });

  it("after the payment: the settlement is found, and the payer served, not asked to pay again", async () => {
    await payOnce(world.stores[0], world.payment, chain(), { order });
    forget();
    expect(await payOnce(world.stores[1], world.payment, chain(), { order })).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
  });

  it("where the outcome is unknown: pending, never rejected", async () => {
    await payOnce(world.stores[0], world.payment, chain(), { order });
    forget();
    const blind = chain({ findSettlement: async () => "unknown" });
    expect(await payOnce(world.stores[1], world.payment, blind, { order })).toMatchObject({ status: "pending" });
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
  });

  it("where the verifier says that the nonce was used: a conflict, never rejected", async () => {
    await payOnce(world.stores[0], world.payment, chain(), { order });
    forget();
    const used = chain({ verify: async () => ({ ok: false, reason: "nonce used", used: true }) });
    expect(await payOnce(world.stores[1], world.payment, used, { order })).toEqual({ status: "conflict" });
    // Remembered with the rejection.
    expect(await payOnce(world.stores[0], world.payment, used, { order })).toEqual({ status: "conflict" });
  });

  it.each(["in the middle of settle", "before the delivery is recorded"])("%s: it is recorded anew", async (when) => {
    const store = intercepted(world.stores[0], ({ method, apply }) => {
      if (method === "settle" && when === "before the delivery is recorded") forget();
      return apply();
    });
    const settle = moving(async () => {
      if (when === "in the middle of settle") forget();
      return { ok: true, receipt: "tx" };
    });
    expect(await payOnce(store, world.payment, seller({ settle }), { order, keep })).toEqual(fresh);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order, keep })).toEqual({
      ...duplicate,
      kept: "content",
    });
    for (const other of [{ fingerprint: "other" }, { payloadHash: "other" }]) {
      const paid = await payOnce(world.stores[1], { ...world.payment, ...other }, seller());
      expect(paid).toEqual({ status: "conflict" });
    }
  });
});
