// What payOnce tells on the telemetry channel of payments: enough to act on, by the handle, and nothing secret.
import { describe, expect, it, vi } from "vitest";
import { sha256 } from "../hashing.ts";
import {
  intercepted,
  keep,
  leaseMs,
  lostReply,
  orders,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import { resolvePayment } from "./resolve-payment.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const died = () => Promise.reject(new Error("died"));
const handle = sha256("p:payment");
const events = () => world.messages.map(({ event, attempt }) => `${event} ${attempt}`);
const inDoubt = (moved: boolean, order: (typeof orders)[number]) => {
  if (moved) world.ledger.transfers += 1;
  return payOnce(world.stores[0], world.payment, seller({ settle: died }), { order, keep });
};

describe.each(orders)("the telemetry of payments, %s", (order) => {
  it("says nothing of a payment that simply goes through, nor of its duplicates", async () => {
    await payOnce(world.stores[0], world.payment, seller(), { order });
    await payOnce(world.stores[1], world.payment, seller(), { order });
    expect(world.messages).toEqual([]);
  });

  it("tells of doubt, and of the caller who was told to ask again", async () => {
    await inDoubt(false, order);
    expect(world.messages).toEqual([
      { event: "in-doubt", handle, attempt: 1 },
      { event: "pending", handle, attempt: 1 },
    ]);
    await payOnce(world.stores[1], world.payment, seller(), { order });
    expect(events()).toEqual(["in-doubt 1", "pending 1", "in-doubt 2", "pending 2"]);
  });

  it("tells of doubt that a lost lease leaves over a search", async () => {
    await inDoubt(false, order);
    world.messages.length = 0;
    const cut = intercepted(world.stores[1], ({ method, apply }) =>
      method === "renew" ? Promise.reject(lostReply()) : apply(),
    );
    const hung = seller({ findSettlement: () => new Promise(() => undefined) });
    await passing(leaseMs, payOnce(cut, world.payment, hung, { leaseMs, order }));
    expect(events()).toEqual(["in-doubt 2", "pending 2"]);
  });

  it("tells of a settlement that was recovered", async () => {
    await inDoubt(true, order);
    world.messages.length = 0;
    expect(await payOnce(world.stores[1], world.payment, seller(), { order, keep })).toMatchObject({ fresh: true });
    expect(events()).toEqual(["recovered 2"]);
  });

  it("tells of one that expired", async () => {
    await inDoubt(false, order);
    world.messages.length = 0;
    await payOnce(world.stores[1], world.payment, seller({ findSettlement: async () => ({ none: "void" }) }), {
      order,
    });
    expect(events()).toEqual(["expired 2"]);
  });

  it("tells of what is settled and not delivered: its caller has left", async () => {
    const caller = new AbortController();
    const leaving = seller({
      async settle() {
        caller.abort(new Error("gone"));
        return { ok: true, receipt: "tx" };
      },
    });
    await payOnce(world.stores[0], world.payment, leaving, { order, signal: caller.signal }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(10);
    expect(events()).toEqual(["owed 1"]);
  });

  it("tells of what is settled and not delivered: the serve threw", async () => {
    await world.stores[0].settle("p:payment", { receipt: "tx" });
    await expect(payOnce(world.stores[0], world.payment, seller({ serve: died }), { order })).rejects.toThrow("died");
    expect(events()).toEqual(["owed 1"]);
  });

  it("tells of a caller who leaves while what is owed is read", async () => {
    await inDoubt(true, order);
    await resolvePayment(world.stores[0], { key: "payment" }, { receipt: "tx" });
    const caller = new AbortController();
    const leaving = {
      ...keep,
      read(text: string) {
        caller.abort(new Error("gone"));
        return text;
      },
    };
    world.messages.length = 0;
    const options = { order, keep: leaving, signal: caller.signal };
    const kept = (await payOnce(world.stores[0], world.payment, seller(), options).catch(() => "left")) === "left";
    await vi.advanceTimersByTimeAsync(10);
    // Settled first, nothing was made yet that could be read.
    expect([kept, events()]).toEqual(order === "serve-then-settle" ? [true, ["owed 2"]] : [false, []]);
  });

  it("raises an alarm for a receipt that comes after it was said that there would be none", async () => {
    let succeed: () => void = () => undefined;
    const slow = seller({
      settle: () =>
        new Promise((resolve) => {
          succeed = () => resolve({ ok: true, receipt: "tx" });
        }),
    });
    await passing(3 * leaseMs, payOnce(world.stores[0], world.payment, slow, { leaseMs, order }));
    await resolvePayment(world.stores[1], { handle }, { none: "never sent" });
    world.messages.length = 0;
    succeed();
    await vi.advanceTimersByTimeAsync(10);
    expect(events()).toEqual(["receipt-after-expiry 0", "owed 0"]);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled", receipt: "tx" });
  });

  it("raises an alarm for a second receipt, whichever came first", async () => {
    const robbed = seller({
      async settle() {
        await resolvePayment(world.stores[1], { handle }, { receipt: "another" });
        return { ok: true, receipt: "tx" };
      },
    });
    const paid = await payOnce(world.stores[0], world.payment, robbed, { order });
    expect(paid).toMatchObject({ status: "paid", fresh: true });
    expect(new Set(events())).toEqual(new Set(["second-receipt 1"]));
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ receipt: "another" });
  });

  it("holds no key, payload, fingerprint, reference, collector, receipt, evidence or result", async () => {
    const secret = (what: string) => `secret-${what}`;
    const payment = {
      ...{ key: secret("key"), payloadHash: secret("payload"), fingerprint: secret("fingerprint") },
      ...{ collector: secret("collector"), reference: secret("reference") },
      validUntilMs: world.payment.validUntilMs,
    };
    const steps = seller({
      serve: async () => secret("result"),
      async settle({ note }) {
        await note(secret("evidence"));
        throw new Error(secret("error"));
      },
    });
    await payOnce(world.stores[0], payment, steps, { order, keep });
    const found = { ...steps, findSettlement: async () => ({ receipt: secret("receipt").repeat(10_000) }) };
    await payOnce(world.stores[1], payment, found, { order, keep });
    expect(new Set(world.messages.map(({ event }) => event))).toEqual(
      new Set(["in-doubt", "pending", "recovered", "receipt-cut"]),
    );
    expect(JSON.stringify(world.messages)).not.toContain("secret");
    for (const message of world.messages) expect(Object.keys(message).sort()).toEqual(["attempt", "event", "handle"]);
  });
});
