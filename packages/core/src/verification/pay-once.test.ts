// payOnce over real stores on a Map port, against a ledger that counts what moved. Timers are faked.
import { describe, expect, it, vi } from "vitest";
import { isStoreError } from "../errors.ts";
import {
  deferred,
  intercepted,
  keep,
  leaseMs,
  never,
  notSent,
  orders,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const died = () => Promise.reject(new Error("died"));
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const duplicate = { status: "paid", fresh: false, receipt: "tx" };

describe.each(orders)("payOnce, %s", (order) => {
  it("one of 50 callers on two instances is fresh; one verify, one serve, one transfer", async () => {
    const calls = Array.from({ length: 50 }, (_, i) =>
      payOnce(world.stores[i % 2 === 0 ? 0 : 1], world.payment, seller(), { leaseMs, order, keep }),
    );
    const paid = await passing(3_000, Promise.all(calls));
    expect(paid.filter((each) => each.status === "paid" && each.fresh)).toEqual([fresh]);
    const others = paid.filter((each) => !(each.status === "paid" && each.fresh));
    expect(others).toEqual(Array(49).fill({ ...duplicate, kept: "content" }));
    expect(world.ledger).toMatchObject({ verifies: 1, serves: 1, transfers: 1, searches: [] });
  });

  it("a duplicate where nothing is kept learns that it is paid", async () => {
    await payOnce(world.stores[0], world.payment, seller(), { order });
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(duplicate);
    expect(world.ledger).toMatchObject({ verifies: 1, serves: 1, transfers: 1 });
  });

  it("another purchase with the same payment is a conflict, whether its payload was seen before or not", async () => {
    await payOnce(world.stores[0], world.payment, seller(), { order });
    const other = { ...world.payment, fingerprint: "other" };
    expect(await payOnce(world.stores[1], other, seller(), { order })).toEqual({ status: "conflict" });
    expect(await payOnce(world.stores[1], { ...other, payloadHash: "new" }, seller(), { order })).toEqual({
      status: "conflict",
    });
    expect(world.ledger.transfers).toBe(1);
  });

  it("a refused settlement frees the payment", async () => {
    const refusing = seller({ settle: async () => ({ ok: false, reason: "no funds" }) });
    expect(await payOnce(world.stores[0], world.payment, refusing, { order })).toEqual({
      status: "rejected",
      reason: "no funds",
    });
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(fresh);
  });

  it("stays pending, and settles nothing, as long as the outcome is unknown", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { order });
    const blind = [seller({ findSettlement: async () => "unknown" }), seller({ findSettlement: died })];
    for (const steps of blind) {
      expect(await payOnce(world.stores[1], world.payment, steps, { order })).toMatchObject({ status: "pending" });
    }
    expect(world.ledger.transfers).toBe(0);
  });

  it("a payment that is found never to have settled is rejected from then on, and settled no more", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { order });
    const none = seller({ findSettlement: async () => ({ none: "void" }) });
    const rejected = { status: "rejected", reason: "void" };
    expect(await payOnce(world.stores[1], world.payment, none, { order })).toEqual(rejected);
    expect(await payOnce(world.stores[0], world.payment, seller(), { order })).toEqual(rejected);
    expect(world.ledger.transfers).toBe(0);
  });

  it("a payment whose maker died before it settled is settled by findSettlement where that is idempotent", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { order });
    const settling = seller({
      async findSettlement() {
        world.ledger.transfers += 1;
        return { receipt: "tx" };
      },
    });
    expect(await payOnce(world.stores[1], world.payment, settling, { order })).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
  });

  it("never settles on a store that is out of reach before the settlement", async () => {
    const down = intercepted(world.stores[0], ({ method, apply }) =>
      method === "renew" ? Promise.reject(notSent()) : apply(),
    );
    const refused = expect(payOnce(down, world.payment, seller(), { order, leaseMs })).rejects.toSatisfy((error) =>
      isStoreError(error, "STORE_UNAVAILABLE"),
    );
    // What is served is not given up while the lease lasts.
    await vi.advanceTimersByTimeAsync(leaseMs);
    await refused;
    expect(world.ledger.transfers).toBe(0);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(fresh);
  });

  it("a caller who left already is not worked for, one who leaves before the settlement ends the attempt", async () => {
    const gone = new Error("client went away");
    const signal = AbortSignal.abort(gone);
    await expect(payOnce(world.stores[0], world.payment, seller(), { order, signal })).rejects.toBe(gone);
    expect(world.port.records.size).toBe(0);

    const caller = new AbortController();
    const leaving = seller({
      async verify() {
        caller.abort(gone);
        return { ok: true };
      },
    });
    await expect(payOnce(world.stores[0], world.payment, leaving, { order, signal: caller.signal })).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(10);
    expect(world.ledger).toMatchObject({ serves: 0, transfers: 0 });
    expect(await world.stores[1].peek("p:payment")).toEqual({ status: "absent" });
  });
});

describe("payOnce", () => {
  it("a forged payload with the payer's nonce neither blocks nor spoils the payer", async () => {
    const forged = { ...world.payment, payloadHash: "forged" };
    const strict = seller({ verify: async () => ({ ok: false, reason: "bad signature" }) });
    const rejected = { status: "rejected", reason: "bad signature" };
    expect(await payOnce(world.stores[0], forged, strict)).toEqual(rejected);
    expect(await payOnce(world.stores[1], world.payment, seller())).toEqual(fresh);
  });

  it("a serve that throws frees the payment, and nothing moved", async () => {
    const broken = new Error("upstream is down");
    const failing = seller({ serve: () => Promise.reject(broken) });
    await expect(payOnce(world.stores[0], world.payment, failing)).rejects.toBe(broken);
    expect(world.ledger.transfers).toBe(0);
    expect(await payOnce(world.stores[1], world.payment, seller())).toEqual(fresh);
  });

  it("when settled first, a serve that throws is made up for by serving the next caller", async () => {
    const order = "settle-then-serve";
    const broken = new Error("upstream is down");
    const failing = seller({ serve: () => Promise.reject(broken) });
    await expect(payOnce(world.stores[0], world.payment, failing, { order })).rejects.toBe(broken);
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 1, searches: [] });
  });

  it("serves the caller under a signal that aborts with it before the settlement, and with the lease", async () => {
    const caller = new AbortController();
    const reasons: unknown[] = [];
    const serving = seller({
      serve: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            reject(signal.reason);
          });
        }),
    });
    const gone = new Error("gone");
    const left = expect(payOnce(world.stores[0], world.payment, serving, { signal: caller.signal })).rejects.toBe(gone);
    await vi.advanceTimersByTimeAsync(1);
    caller.abort(gone);
    await left;
    await vi.advanceTimersByTimeAsync(1);
    expect(reasons).toEqual([gone]);
    expect(await world.stores[1].peek("p:payment")).toEqual({ status: "absent" });
  });

  it("no copy is served again on an acceptance that a refusal has overtaken", async () => {
    let drained = false;
    const drain = seller({
      verify: async () => (drained ? { ok: false, reason: "no funds" } : { ok: true }),
      async settle() {
        drained = true;
        return { ok: false, reason: "no funds" };
      },
    });
    for (let times = 0; times < 10; times += 1) {
      const paid = await payOnce(world.stores[times % 2 === 0 ? 0 : 1], world.payment, drain);
      expect(paid).toEqual({ status: "rejected", reason: "no funds" });
    }
    expect(world.ledger.serves).toBe(1);
    drained = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await payOnce(world.stores[0], world.payment, seller())).toEqual(fresh);
  });

  it.each([
    ["cannot tell yet", { later: true, retryAfterMs: 7 }, { status: "pending", retryAfterMs: 7 }],
    ["says used", { ok: false, reason: "used", used: true }, { status: "conflict" }],
    ["rejects", { ok: false, reason: "no funds" }, { status: "rejected", reason: "no funds" }],
  ] as const)(
    "a verification that %s when it is repeated after a refusal frees the payment",
    async (_, answer, paid) => {
      await payOnce(world.stores[0], world.payment, seller({ settle: async () => ({ ok: false, reason: "no" }) }));
      expect(await payOnce(world.stores[1], world.payment, seller({ verify: async () => answer }))).toEqual(paid);
      expect(await world.stores[0].peek("p:payment")).toEqual({ status: "absent" });
      expect(world.ledger).toMatchObject({ serves: 1, transfers: 0 });
    },
  );

  it("a verification that throws when it is repeated frees the payment", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: async () => ({ ok: false, reason: "no funds" }) }));
    const down = new Error("facilitator is down");
    const failing = seller({ verify: () => Promise.reject(down) });
    await expect(payOnce(world.stores[1], world.payment, failing)).rejects.toBe(down);
    expect((await world.stores[0].peek("p:payment")).status).toBe("absent");
  });

  it("a verification that throws is thrown, and one that cannot tell yet is pending and remembered nowhere", async () => {
    const down = new Error("facilitator is down");
    const failing = seller({ verify: () => Promise.reject(down) });
    await expect(payOnce(world.stores[0], world.payment, failing)).rejects.toBe(down);
    const later = seller({ verify: async () => ({ later: true }) });
    expect(await payOnce(world.stores[0], world.payment, later)).toEqual({ status: "pending", retryAfterMs: 1_000 });
    const soon = seller({ verify: async () => ({ later: true, retryAfterMs: 0 }) });
    expect(await payOnce(world.stores[1], world.payment, soon)).toEqual({ status: "pending", retryAfterMs: 1 });
    expect(await payOnce(world.stores[1], world.payment, seller())).toEqual(fresh);
  });

  it("a duplicate waits one lease at most, then is pending until the other's lease would be over", async () => {
    void payOnce(world.stores[0], world.payment, seller({ serve: never }), { leaseMs: 60_000 });
    await vi.advanceTimersByTimeAsync(100);
    const paid = await passing(leaseMs, payOnce(world.stores[1], world.payment, seller(), { leaseMs }));
    expect(paid).toEqual({ status: "pending", retryAfterMs: 60_000 - 100 - leaseMs });
  });

  it("a duplicate that leaves while it waits is gone", async () => {
    const served = deferred<string>();
    const first = payOnce(world.stores[0], world.payment, seller({ serve: () => served.promise }), { leaseMs });
    const caller = new AbortController();
    const waiting = payOnce(world.stores[1], world.payment, seller(), { leaseMs, signal: caller.signal });
    const left = expect(waiting).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(100);
    caller.abort(new Error("gone"));
    await left;
    served.resolve("content");
    expect(await first).toEqual(fresh);
    await vi.advanceTimersByTimeAsync(50);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the calls of the store", () => {
  /** What is called, and how many calls were answered before each was made: its place in the sequence. */
  async function counted(order: (typeof orders)[number]) {
    const calls: string[] = [];
    let depth = 0;
    const depths: number[] = [];
    const counting = intercepted(world.stores[0], async ({ method, name, apply }) => {
      calls.push(`${method} ${String(name).slice(0, 2)}`);
      const mine = depth + 1;
      depths.push(mine);
      // A store that takes a while: calls that are made before it answers travel together.
      await new Promise((resolve) => setTimeout(resolve, 10));
      const reply = await apply();
      depth = Math.max(depth, mine);
      return reply;
    });
    const started = performance.now();
    const work = payOnce(counting, world.payment, seller(), { order, keep, leaseMs });
    let answeredMs = 0;
    void work.then(() => {
      answeredMs = performance.now() - started;
    });
    expect(await passing(leaseMs / 4, work)).toEqual(fresh);
    return { calls, sequence: Math.max(...depths), answeredMs };
  }

  it("are five, four of them in sequence, where it is served first", async () => {
    const { calls, sequence, answeredMs } = await counted("serve-then-settle");
    expect(calls).toEqual(["claim v:", "complete v:", "claim p:", "renew p:", "settle p:"]);
    expect({ sequence, answeredMs }).toEqual({ sequence: 4, answeredMs: 40 });
  });

  it("are one more where it is settled first: the receipt is recorded while it is served", async () => {
    const { calls, sequence, answeredMs } = await counted("settle-then-serve");
    expect(calls).toEqual(["claim v:", "complete v:", "claim p:", "renew p:", "settle p:", "settle p:"]);
    expect({ sequence, answeredMs }).toEqual({ sequence: 5, answeredMs: 50 });
  });

  it("are two for a duplicate", async () => {
    await payOnce(world.stores[0], world.payment, seller());
    const calls: string[] = [];
    const counting = intercepted(world.stores[1], ({ method, name, apply }) => {
      calls.push(`${method} ${String(name).slice(0, 2)}`);
      return apply();
    });
    expect(await payOnce(counting, world.payment, seller())).toEqual(duplicate);
    expect(calls).toEqual(["claim v:", "claim p:"]);
  });
});
