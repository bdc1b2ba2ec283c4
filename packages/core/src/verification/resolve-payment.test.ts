// What an operator does about a payment: it is listed with what it takes to find out, ended by its key or its handle, and
// the payer is told so.
import { describe, expect, it, vi } from "vitest";
import { sha256 } from "../hashing.ts";
import {
  day,
  hour,
  intercepted,
  keep,
  leaseMs,
  never,
  orders,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import { type PaymentName, resolvePayment } from "./resolve-payment.ts";
import type { Unresolved, VerificationStore } from "./verification-store.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const handle = sha256("p:payment");
const ok = { status: "ok" };

const listed = async (store: VerificationStore = world.stores[1]): Promise<Unresolved[]> => {
  const all: Unresolved[] = [];
  for await (const each of store.unresolved()) all.push(each);
  return all;
};

/** Leaves the payment in doubt: its instance is killed in mid-settle. */
async function killed(order: (typeof orders)[number] = "serve-then-settle") {
  let alive = true;
  const mortal = intercepted(world.stores[0], ({ apply }) => (alive ? apply() : never()));
  const dying = seller({
    async settle({ note }) {
      await note("0xhash");
      alive = false;
      return never();
    },
  });
  const payment = { ...world.payment, reference: "chain 8453, nonce 7" };
  void payOnce(mortal, payment, dying, { leaseMs, order, keep });
  await vi.advanceTimersByTimeAsync(10);
}

describe.each(orders)("D13: after kill -9 in mid-settle, %s", (order) => {
  it("the list tells handle, kind, attempt, fingerprint, reference and evidence", async () => {
    const startedMs = Date.now();
    await killed(order);
    expect(await listed()).toEqual([]);
    await vi.advanceTimersByTimeAsync(leaseMs);
    const [{ atMs, ...about } = { atMs: 0 }, ...more] = await listed();
    expect(about).toEqual({
      ...{ handle, kind: "in-doubt", attempt: 1, fingerprint: sha256("f") },
      ...{ reference: "chain 8453, nonce 7", evidence: "0xhash" },
    });
    expect(atMs).toBe(startedMs + leaseMs);
    expect(more).toEqual([]);
  });

  it("holds nothing of the result", async () => {
    await killed(order);
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(JSON.stringify(await listed())).not.toContain("content");
  });
});

describe("D12: a serve that hangs after the settlement", () => {
  it("is listed as held after an hour, and as owed once its maker is gone", async () => {
    let alive = true;
    const mortal = intercepted(world.stores[0], ({ apply }) => (alive ? apply() : never()));
    const hung = seller({ serve: never });
    void payOnce(mortal, world.payment, hung, { leaseMs, order: "settle-then-serve" });
    await vi.advanceTimersByTimeAsync(hour - leaseMs);
    expect(await listed()).toEqual([]);
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await listed()).toMatchObject([{ handle, kind: "held", attempt: 1 }]);
    alive = false;
    await vi.advanceTimersByTimeAsync(2 * leaseMs);
    expect(await listed()).toMatchObject([{ handle, kind: "owed" }]);
    // Its payer gets it.
    const next = payOnce(world.stores[1], world.payment, seller(), { leaseMs, order: "settle-then-serve" });
    expect(await passing(100, next)).toEqual(fresh);
    expect(await listed()).toEqual([]);
  });
});

describe.each([
  ["key", { key: "payment" }],
  ["handle", { handle }],
] satisfies [string, PaymentName][])("resolvePayment by its %s", (_title, name) => {
  it("{ receipt }: a payment in doubt is owed, and its payer gets what was kept", async () => {
    await killed();
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await resolvePayment(world.stores[1], name, { receipt: "tx" })).toEqual(ok);
    expect(await listed()).toMatchObject([{ handle, kind: "owed" }]);
    expect(await resolvePayment(world.stores[1], name, { receipt: "tx" })).toEqual(ok);
    expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs, keep })).toEqual(fresh);
    expect(world.ledger).toMatchObject({ serves: 1, searches: [] });
    // And once more, when it is delivered.
    expect(await resolvePayment(world.stores[1], name, { receipt: "tx" })).toEqual(ok);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "delivered", receipt: "tx" });
  });

  it("{ receipt } of a payment whose record is lost: the next payer to present it, verified, gets it", async () => {
    expect(await resolvePayment(world.stores[1], name, { receipt: "tx" })).toEqual(ok);
    expect(await payOnce(world.stores[0], world.payment, seller())).toEqual(fresh);
    expect(world.ledger.transfers).toBe(0);
    const other = { ...world.payment, payloadHash: "other" };
    expect(await payOnce(world.stores[0], other, seller())).toEqual({ status: "conflict" });
  });

  it("{ receipt } while it is being settled: that attempt's own receipt delivers it", async () => {
    let succeed: (answer: { ok: true; receipt: string }) => void = () => undefined;
    const slow = seller({
      settle: () =>
        new Promise((resolve) => {
          succeed = resolve;
        }),
    });
    const first = payOnce(world.stores[0], world.payment, slow, { leaseMs });
    await vi.advanceTimersByTimeAsync(10);
    expect(await resolvePayment(world.stores[1], name, { receipt: "tx" })).toEqual(ok);
    succeed({ ok: true, receipt: "tx" });
    expect(await passing(10, first)).toEqual(fresh);
    expect(world.messages).toEqual([]);
  });

  it("{ none }: rejected from then on, for that reason; lost while a lease is live, and for what is settled", async () => {
    await killed();
    const live = await resolvePayment(world.stores[1], name, { none: "never sent" });
    expect(live).toEqual({ status: "lost", current: "in-progress" });
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(await resolvePayment(world.stores[1], name, { none: "never sent" })).toEqual(ok);
    expect(await resolvePayment(world.stores[1], name, { none: "never sent" })).toEqual(ok);
    expect(await listed()).toEqual([]);
    const rejected = { status: "rejected", reason: "never sent" };
    expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs })).toEqual(rejected);
    expect(world.ledger.settles).toBe(0);
  });

  it("{ none } of what is settled, delivered or absent is lost", async () => {
    const none = { none: "never sent" };
    expect(await resolvePayment(world.stores[1], name, none)).toEqual({ status: "lost", current: "absent" });
    await resolvePayment(world.stores[1], name, { receipt: "tx" });
    expect(await resolvePayment(world.stores[1], name, none)).toEqual({ status: "lost", current: "settled" });
    await payOnce(world.stores[1], world.payment, seller());
    expect(await resolvePayment(world.stores[1], name, none)).toEqual({ status: "lost", current: "delivered" });
  });

  it("{ receipt } of one that had expired: owed, and an alarm", async () => {
    await killed();
    await vi.advanceTimersByTimeAsync(leaseMs);
    await resolvePayment(world.stores[1], name, { none: "never sent" });
    expect(await resolvePayment(world.stores[1], name, { receipt: "tx" })).toEqual(ok);
    expect(world.messages).toContainEqual({ event: "receipt-after-expiry", handle, attempt: 0 });
    expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs })).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 0 });
  });

  it("{ receipt } that is another than the recorded one: an alarm, and the first stays", async () => {
    await resolvePayment(world.stores[1], name, { receipt: "tx" });
    expect(await resolvePayment(world.stores[1], name, { receipt: "another" })).toEqual(ok);
    expect(world.messages).toEqual([{ event: "second-receipt", handle, attempt: 0 }]);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled", receipt: "tx" });
  });

  it("{ delivered: true }: no longer owed, and a duplicate is told so", async () => {
    await resolvePayment(world.stores[1], name, { receipt: "tx" });
    expect(await resolvePayment(world.stores[1], name, { delivered: true })).toEqual(ok);
    expect(await resolvePayment(world.stores[1], name, { delivered: true })).toEqual(ok);
    expect(await listed()).toEqual([]);
    const paid = await payOnce(world.stores[1], world.payment, seller());
    expect(paid).toEqual({ status: "paid", fresh: false, receipt: "tx" });
  });

  it("{ delivered: true } where nothing is settled is lost", async () => {
    const delivered = { delivered: true } as const;
    expect(await resolvePayment(world.stores[1], name, delivered)).toEqual({ status: "lost", current: "absent" });
    await killed();
    const current = await resolvePayment(world.stores[1], name, delivered);
    expect(current).toEqual({ status: "lost", current: "in-progress" });
  });

  it("refuses what is no resolution, and changes nothing", async () => {
    const wrong: unknown[] = [{}, { receipt: "" }, { receipt: 7 }, { none: "" }, { none: null }, { delivered: false }];
    for (const value of wrong) {
      const refused = resolvePayment(world.stores[1], name, JSON.parse(JSON.stringify(value)));
      await expect(refused).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
    }
    const large = resolvePayment(world.stores[1], name, { receipt: "x".repeat(70_000) });
    await expect(large).rejects.toMatchObject({ code: "STORE_VALUE_TOO_LARGE" });
    expect(world.port.records.size).toBe(0);
  });
});

describe("resolvePayment", () => {
  it.each([{ key: "" }, { key: 7 }, { handle: "payment" }, { handle: "" }, {}, null, "payment"])(
    "refuses %j for a payment's name",
    async (name) => {
      const refused = resolvePayment(world.stores[1], JSON.parse(JSON.stringify(name)), { receipt: "tx" });
      await expect(refused).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
    },
  );

  it("whatever the record's inner form: what the building blocks completed is told as paid", async () => {
    await killed();
    await vi.advanceTimersByTimeAsync(leaseMs);
    const claim = await world.stores[1].reconcile({ handle }, { token: "operator", leaseMs });
    if (claim.status !== "claimed") throw new Error(claim.status);
    const accepted = { outcome: "accepted", value: "0xabc", retainUntilMs: 0 } as const;
    expect(await world.stores[1].complete({ handle }, claim.lease, accepted)).toEqual(ok);
    expect(await payOnce(world.stores[1], world.payment, seller(), { keep })).toEqual({ ...fresh, receipt: "0xabc" });
  });

  it.each(["release", "markUnknown", "renew", "note"] as const)(
    "a lease got by a handle is ended by it: %s",
    async (how) => {
      await killed();
      await vi.advanceTimersByTimeAsync(leaseMs);
      const claim = await world.stores[1].reconcile({ handle }, { token: "operator", leaseMs });
      if (claim.status !== "claimed") throw new Error(claim.status);
      const ended = {
        release: () => world.stores[1].release({ handle }, claim.lease),
        markUnknown: () => world.stores[1].markUnknown({ handle }, claim.lease, "seen"),
        renew: () => world.stores[1].renew({ handle }, claim.lease, leaseMs),
        note: () => world.stores[1].note({ handle }, claim.lease, "seen"),
      };
      expect(await ended[how]()).toEqual(ok);
    },
  );

  it("a rejection on a record of the building blocks is told to every caller", async () => {
    const request = { token: "a", fingerprint: "f", leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
    const claim = await world.stores[0].claim("p:payment", request);
    if (claim.status !== "claimed") throw new Error(claim.status);
    const done = { outcome: "rejected", value: "revoked", retainUntilMs: Date.now() + day } as const;
    await world.stores[0].complete("p:payment", claim.lease, done);
    expect(await payOnce(world.stores[0], world.payment, seller())).toEqual({ status: "rejected", reason: "revoked" });
    const strict = seller({ verify: async () => ({ ok: false, reason: "expired" }) });
    const other = { ...world.payment, payloadHash: "other" };
    expect(await payOnce(world.stores[0], other, strict)).toEqual({ status: "rejected", reason: "revoked" });
  });

  it("an acceptance on such a record is paid while its value is kept, then spent: a conflict", async () => {
    const request = { token: "a", fingerprint: "f", leaseMs, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
    const claim = await world.stores[0].claim("p:payment", request);
    if (claim.status !== "claimed") throw new Error(claim.status);
    const done = { outcome: "accepted", value: "tx", valueTtlMs: hour, retainUntilMs: Date.now() + day } as const;
    await world.stores[0].complete("p:payment", claim.lease, done);
    const strict = seller({ verify: async () => ({ ok: false, reason: "expired" }) });
    const other = { ...world.payment, payloadHash: "other" };
    expect(await payOnce(world.stores[0], world.payment, seller())).toMatchObject({ fresh: false, receipt: "tx" });
    expect(await payOnce(world.stores[0], other, strict)).toEqual({ status: "conflict" });
    const past = { ...world.payment, validUntilMs: Date.now() - 1 };
    expect(await payOnce(world.stores[0], past, strict)).toMatchObject({ fresh: false, receipt: "tx" });
    await vi.advanceTimersByTimeAsync(2 * hour);
    expect(await payOnce(world.stores[0], world.payment, seller())).toEqual({ status: "conflict" });
    expect(await payOnce(world.stores[0], other, strict)).toEqual({ status: "conflict" });
    expect(world.ledger).toMatchObject({ serves: 0, transfers: 0 });
  });
});
