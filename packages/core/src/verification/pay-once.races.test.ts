// payOnce where something happens between two of its steps: another instance, or a store that is away for a moment.
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
import type { Lease } from "./verification-store.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const died = () => Promise.reject(new Error("died"));
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const duplicate = { status: "paid", fresh: false, receipt: "tx" };
const refusing = (more: Partial<PaymentSteps<string>> = {}) =>
  seller({ settle: async () => ({ ok: false, reason: "no funds" }), ...more });

describe.each(orders)("a store that is away, %s", (order) => {
  it("between serving and settling, for less than the lease, has nothing served a second time", async () => {
    let away = true;
    const outage = intercepted(world.stores[0], ({ method, apply }) =>
      away && ["renew", "release"].includes(method) ? Promise.reject(notSent()) : apply(),
    );
    setTimeout(() => {
      away = false;
    }, leaseMs / 2);
    expect(await passing(leaseMs, payOnce(outage, world.payment, seller(), { leaseMs, order }))).toEqual(fresh);
    expect(world.ledger).toMatchObject({ serves: 1, transfers: 1 });
  });

  it("after a switch whose answers were all lost is in doubt, though nothing was settled", async () => {
    const deaf = intercepted(world.stores[0], ({ method, apply }) =>
      method === "renew" ? apply().then(() => Promise.reject(lostReply())) : apply(),
    );
    const refused = expect(payOnce(deaf, world.payment, seller(), { leaseMs, order })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    await vi.advanceTimersByTimeAsync(2 * leaseMs);
    await refused;
    expect(world.ledger.settles).toBe(0);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown" });
    expect(world.messages.map(({ event }) => event)).toEqual(["in-doubt"]);
  });

  it("where renewals work and recording does not: pending, and the next caller is served", async () => {
    const half = intercepted(world.stores[0], ({ method, apply }) =>
      ["settle", "deliver", "undeliver"].includes(method) ? Promise.reject(lostReply()) : apply(),
    );
    const paid = await passing(7 * leaseMs, payOnce(half, world.payment, seller(), { leaseMs, order, keep }));
    expect(paid).toMatchObject({ status: "pending" });
    expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order, keep })).toEqual(fresh);
    expect(world.ledger.transfers).toBe(1);
    // Taking back a delivery that was not heard of is given up at last.
    await vi.advanceTimersByTimeAsync(70 * leaseMs);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a lease that was lost here while it lives on in the store", () => {
  it("is never taken up as a new one", async () => {
    let deaf = false;
    // The store renews and answers, but from the settlement on none of its answers to renewals arrives.
    const oneWay = intercepted(world.stores[0], async ({ method, apply }) => {
      const reply = await apply();
      return deaf && method === "renew" ? new Promise((resolve) => setTimeout(resolve, 2 * leaseMs, reply)) : reply;
    });
    const serving = seller({
      async settle() {
        world.ledger.transfers += 1;
        deaf = true;
        return { ok: true, receipt: "tx" };
      },
      serve: () => {
        world.ledger.serves += 1;
        return world.ledger.serves === 1 ? never() : Promise.resolve("content");
      },
    });
    const options = { leaseMs, order: "settle-then-serve" } as const;
    const first = await passing(8 * leaseMs, payOnce(oneWay, world.payment, serving, options));
    expect(world.ledger.transfers).toBe(1);
    const last = first.status === "paid" ? first : await payOnce(world.stores[1], world.payment, seller(), options);
    expect(last).toMatchObject({ status: "paid", fresh: true });
    expect(world.ledger).toMatchObject({ transfers: 1, searches: [] });
  });
});

describe("what is owed, made by two at once", () => {
  it.each([undefined, keep])("is told fresh to one of them: keep %j", async (kept) => {
    await world.stores[0].settle("p:payment", { receipt: "tx" });
    const first = deferred<string>();
    const options = { leaseMs, keep: kept };
    const slow = seller({ serve: () => first.promise });
    const cut = intercepted(world.stores[0], ({ method, apply }) =>
      method === "renew" ? Promise.reject(lostReply()) : apply(),
    );
    const one = payOnce(cut, world.payment, slow, options);
    // It lost its lease, and is on its way to look again.
    await vi.advanceTimersByTimeAsync(10);
    world.standStill(2 * leaseMs);
    expect(await payOnce(world.stores[1], world.payment, seller(), options)).toEqual(fresh);
    first.resolve("made too late");
    const told = kept === undefined ? duplicate : { ...duplicate, kept: "content" };
    expect(await passing(leaseMs, one)).toEqual(told);
  });

  it("that another delivered while the receipt was recorded is not made any more", async () => {
    const signals: AbortSignal[] = [];
    const overtaken = intercepted(world.stores[0], async ({ method, apply }) => {
      if (method === "settle") {
        await world.stores[1].settle("p:payment", { receipt: "tx", deliver: { token: "another", kept: "theirs" } });
      }
      return apply();
    });
    const serving = seller({
      serve({ signal }) {
        signals.push(signal);
        return never();
      },
    });
    const options = { leaseMs, order: "settle-then-serve", keep } as const;
    expect(await payOnce(overtaken, world.payment, serving, options)).toEqual({ ...duplicate, kept: "theirs" });
    expect(signals[0]?.aborted).toBe(true);
  });
});

describe("a caller's own verification", () => {
  it("is not repeated where no settlement was refused, and no record is looked at for it", async () => {
    const calls: string[] = [];
    const watched = intercepted(world.stores[0], ({ method, apply }) => {
      calls.push(method);
      return apply();
    });
    expect(await payOnce(watched, world.payment, seller(), { leaseMs })).toEqual(fresh);
    expect(calls).not.toContain("peek");
    expect(world.ledger.verifies).toBe(1);
  });

  it("counts for its first attempt: a refusal of another's attempt overtakes it", async () => {
    const seen = { verifies: 0 };
    const drained = seller({
      async verify() {
        seen.verifies += 1;
        return seen.verifies === 1 ? { ok: true } : { ok: false, reason: "no funds" };
      },
    });
    let robbed = false;
    const overtaken = intercepted(world.stores[0], async ({ method, given, apply }) => {
      if (method !== "renew" || robbed) return apply();
      robbed = true;
      await world.stores[1].release("p:payment", given[1] as Lease);
      const refused = await payOnce(world.stores[1], world.payment, refusing(), { leaseMs });
      expect(refused).toMatchObject({ status: "rejected" });
      return { status: "lost", current: "absent" };
    });
    const paid = await payOnce(overtaken, world.payment, drained, { leaseMs });
    expect(paid).toEqual({ status: "rejected", reason: "no funds" });
    expect(seen.verifies).toBe(2);
    expect(world.ledger).toMatchObject({ serves: 2, transfers: 0 });
  });

  it("does not count where the one that it waited for was refused", async () => {
    const seen = { verifies: 0 };
    const drained = seller({
      async verify() {
        seen.verifies += 1;
        return seen.verifies === 1 ? { ok: true } : { ok: false, reason: "no funds" };
      },
    });
    const answer = deferred<{ ok: false; reason: string }>();
    let other: Promise<unknown> | undefined;
    const slower = intercepted(world.stores[0], async ({ method, name, apply }) => {
      if (method !== "claim" || name !== "p:payment" || other !== undefined) return apply();
      other = payOnce(world.stores[1], world.payment, seller({ settle: () => answer.promise }), { leaseMs });
      await vi.advanceTimersByTimeAsync(10);
      const claim = await apply();
      expect(claim).toMatchObject({ status: "in-progress" });
      answer.resolve({ ok: false, reason: "no funds" });
      return claim;
    });
    const paying = payOnce(slower, world.payment, drained, { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await other).toEqual({ status: "rejected", reason: "no funds" });
    expect(await paying).toEqual({ status: "rejected", reason: "no funds" });
    expect(seen.verifies).toBe(2);
    expect(world.ledger.serves).toBe(1);
  });

  it("that is repeated under a lease which is lost meanwhile is left, and what became of the payment told", async () => {
    await payOnce(world.stores[0], world.payment, refusing(), { leaseMs });
    const cut = intercepted(world.stores[0], ({ method, name, given, apply }) =>
      method === "renew" && name === "p:payment" && JSON.stringify(given[3]) === "{}"
        ? Promise.reject(lostReply())
        : apply(),
    );
    const slow = seller({ verify: () => new Promise((resolve) => setTimeout(resolve, 2 * leaseMs, { ok: true })) });
    const first = payOnce(cut, world.payment, slow, { leaseMs });
    await vi.advanceTimersByTimeAsync(leaseMs - 1);
    const other = payOnce(world.stores[1], world.payment, seller(), { leaseMs: 9_000 });
    const both = await passing(4 * leaseMs, Promise.all([first, other]));
    expect(both.filter((paid) => paid.status === "paid" && paid.fresh)).toHaveLength(1);
    expect(world.ledger.transfers).toBe(1);
  });
});

describe("a claim whose answer is lost", () => {
  it("is made once more with the same token: the owner gets its lease back", async () => {
    let claims = 0;
    const lossy = intercepted(world.stores[0], async ({ method, name, apply }) => {
      const reply = await apply();
      if (method !== "claim" || name !== "p:payment") return reply;
      claims += 1;
      if (claims === 1) throw lostReply();
      expect(reply).toMatchObject({ status: "claimed", via: "resume" });
      return reply;
    });
    expect(await payOnce(lossy, world.payment, seller(), { leaseMs })).toEqual(fresh);
    expect(claims).toBe(2);
  });

  it("twice is thrown, and the payment is free when the lease is over", async () => {
    const lossy = intercepted(world.stores[0], async ({ method, name, apply }) => {
      const reply = await apply();
      if (method === "claim" && name === "p:payment") throw lostReply();
      return reply;
    });
    const refused = payOnce(lossy, world.payment, seller(), { leaseMs });
    await expect(refused).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await passing(leaseMs, payOnce(world.stores[1], world.payment, seller(), { leaseMs }))).toEqual(fresh);
  });
});

describe("a caller that went away while it claimed", () => {
  it.each(orders)("is not worked for: %s", async (order) => {
    const caller = new AbortController();
    const gone = intercepted(world.stores[0], ({ method, name, apply }) => {
      if (method === "claim" && name === "p:payment") caller.abort(new Error("gone"));
      return apply();
    });
    const left = payOnce(gone, world.payment, seller(), { leaseMs, order, signal: caller.signal });
    await expect(left).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    expect(world.ledger).toMatchObject({ serves: 0, settles: 0 });
    expect(await world.stores[1].peek("p:payment")).toEqual({ status: "absent" });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a reconciler whose expiry is still under way", () => {
  it("settles nothing under the lease that it ends", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: died }), { leaseMs });
    const slow = intercepted(world.stores[1], ({ method, apply }) => {
      if (method !== "expire") return apply();
      setTimeout(() => void apply(), 1_000);
      return Promise.reject(lostReply());
    });
    const none = seller({ findSettlement: async () => ({ none: "void" }) });
    expect(await passing(leaseMs, payOnce(slow, world.payment, none, { leaseMs }))).toMatchObject({
      status: "pending",
    });
    expect(await payOnce(world.stores[0], world.payment, seller(), { leaseMs })).toEqual({
      ...{ status: "rejected", reason: "void" },
    });
    expect(world.ledger.settles).toBe(0);
  });
});
