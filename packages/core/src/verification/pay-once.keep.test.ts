// What is kept of a result, and what happens where it cannot be: too large, not to be written or not to be read; and
// receipts that are too large for the store.
import { describe, expect, it, vi } from "vitest";
import { StoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import {
  day,
  intercepted,
  keep,
  leaseMs,
  lostReply,
  never,
  orders,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { Keep, PaymentSteps } from "./payment.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const duplicate = { status: "paid", fresh: false, receipt: "tx" };
const unwritten = (text: unknown): Keep<string> => ({ ...keep, write: () => JSON.parse(JSON.stringify(text)) });

describe.each(orders)("A3: a result that cannot be kept, %s", (order) => {
  it.each([
    ["write throws", { ...keep, write: () => JSON.stringify({ amount: 1n }) }],
    ["write gives no string", unwritten(7)],
    ["write gives half a character", { ...keep, write: () => "\ud800" }],
    ["write gives more than maxValueBytes", { ...keep, write: () => "x".repeat(70_000) }],
  ])("%s: paid and served once, and a duplicate is told without it", async (_title, kept) => {
    const options = { order, keep: kept };
    expect(await payOnce(world.stores[0], world.payment, seller(), options)).toEqual(fresh);
    expect(await payOnce(world.stores[1], world.payment, seller(), options)).toEqual(duplicate);
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });

  it("read throws: a duplicate is told without it", async () => {
    const unreadable = { ...keep, read: (text: string) => JSON.parse(text) };
    await payOnce(world.stores[0], world.payment, seller(), { order, keep });
    const again = await payOnce(world.stores[1], world.payment, seller(), { order, keep: unreadable });
    expect(again).toEqual(duplicate);
  });

  it("read takes its time, or waits for a store: a duplicate is told with it, or hears that the store is away", async () => {
    await payOnce(world.stores[0], world.payment, seller(), { order, keep });
    const slow: Keep<string> = { ...keep, read: async (text) => `${text}, read` };
    const again = await payOnce(world.stores[1], world.payment, seller(), { order, keep: slow });
    expect(again).toEqual({ ...duplicate, kept: "content, read" });
    const away = async () => {
      throw new StoreError("STORE_UNAVAILABLE", "Away.", { outcome: "not-applied" });
    };
    const waits = payOnce(world.stores[1], world.payment, seller(), { order, keep: { ...keep, read: away } });
    await expect(waits).rejects.toThrow("Away");
  });

  it("read throws: what is owed is made anew", async () => {
    const lost = seller({
      async settle() {
        world.ledger.transfers += 1;
        throw new Error("reply lost");
      },
    });
    const unreadable = { ...keep, read: (text: string) => JSON.parse(text) };
    await payOnce(world.stores[0], world.payment, lost, { order, keep: unreadable });
    expect(await payOnce(world.stores[1], world.payment, seller(), { order, keep: unreadable })).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 1, serves: order === "serve-then-settle" ? 2 : 1 });
  });

  it("a result that is kept and a caller who keeps nothing: told without it, and made anew where it is owed", async () => {
    const lost = seller({
      async settle() {
        world.ledger.transfers += 1;
        throw new Error("reply lost");
      },
    });
    await payOnce(world.stores[0], world.payment, lost, { order, keep });
    expect(await payOnce(world.stores[1], world.payment, seller(), { order })).toEqual(fresh);
    expect(await payOnce(world.stores[0], world.payment, seller(), { order })).toEqual(duplicate);
  });

  it("a receipt larger than maxValueBytes is cut to its hash, said, and served once; the result stays kept", async () => {
    const receipt = `tx ${"x".repeat(70_000)}`;
    const cut = `sha256:${sha256(receipt)}`;
    const loud = seller({
      async settle() {
        world.ledger.transfers += 1;
        return { ok: true, receipt };
      },
    });
    const options = { order, keep };
    expect(await payOnce(world.stores[0], world.payment, loud, options)).toEqual({ ...fresh, receipt: cut });
    expect(await payOnce(world.stores[1], world.payment, loud, options)).toEqual({
      ...{ ...duplicate, receipt: cut },
      kept: "content",
    });
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
    expect(world.messages).toEqual([{ event: "receipt-cut", handle: sha256("p:payment"), attempt: 1 }]);
  });

  it("a receipt and a result that are both too large", async () => {
    const receipt = `tx ${"x".repeat(70_000)}`;
    const loud = seller({ settle: async () => ({ ok: true, receipt }) });
    const options = { order, keep: { ...keep, write: () => "x".repeat(80_000) } };
    const cut = `sha256:${sha256(receipt)}`;
    expect(await payOnce(world.stores[0], world.payment, loud, options)).toEqual({ ...fresh, receipt: cut });
    expect(await payOnce(world.stores[1], world.payment, loud, options)).toEqual({ ...duplicate, receipt: cut });
  });

  it("a receipt that is found too large is cut too", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: () => Promise.reject(new Error("died")) }), {
      order,
    });
    const receipt = `tx ${"x".repeat(70_000)}`;
    const finding = seller({ findSettlement: async () => ({ receipt }) });
    const paid = await payOnce(world.stores[1], world.payment, finding, { order });
    expect(paid).toEqual({ ...fresh, receipt: `sha256:${sha256(receipt)}` });
  });

  it("the hash of a receipt is taken by the smallest store: the money has moved", async () => {
    const small = createVerificationStore(world.port, { maxValueBytes: 1 });
    const receipt = "x".repeat(30);
    const loud = seller({ settle: async () => ({ ok: true, receipt }) });
    const payment = { ...world.payment, reference: undefined };
    const paid = await payOnce(small, payment, loud, { order });
    expect(paid).toMatchObject({ status: "paid", fresh: true, receipt: `sha256:${sha256(receipt)}` });
    expect(world.messages.map(({ event }) => event)).toContain("receipt-cut");
    expect(await small.peek("p:payment")).toMatchObject({ status: "delivered" });
    // What only looks like one is a receipt as any other.
    const lookalike = small.settle("p:other", { receipt: "sha256:none" });
    await expect(lookalike).rejects.toMatchObject({ code: "STORE_VALUE_TOO_LARGE" });
  });

  it("a reference larger than maxValueBytes is refused before anything is settled", async () => {
    const payment = { ...world.payment, reference: "x".repeat(70_000) };
    for (const kept of [keep, undefined]) {
      const refused = payOnce(world.stores[0], payment, seller(), { order, keep: kept });
      await expect(refused).rejects.toMatchObject({ code: "STORE_VALUE_TOO_LARGE" });
    }
    expect(world.ledger.settles).toBe(0);
    expect(await world.stores[1].peek("p:payment")).toEqual({ status: "absent" });
  });
});

describe("what is kept", () => {
  it("is in the store before the money moves, and not in the record that lists and telemetry read", async () => {
    let before: string[] = [];
    const settling = seller({
      async settle() {
        before = [...world.port.records.values()].map(({ body }) => JSON.stringify(body));
        return { ok: true, receipt: "tx" };
      },
    });
    await payOnce(world.stores[0], world.payment, settling, { keep });
    expect(before.filter((body) => body.includes("content"))).toEqual(['{"text":"content"}']);
  });

  it("goes for good when forMs is over, and the payment is still known", async () => {
    const brief = { ...keep, forMs: 60_000 };
    await payOnce(world.stores[0], world.payment, seller(), { keep: brief });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(await payOnce(world.stores[1], world.payment, seller(), { keep })).toEqual({
      ...duplicate,
      kept: "content",
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(await payOnce(world.stores[1], world.payment, seller(), { keep })).toEqual(duplicate);
  });

  it("stays as long as the payment is owed, however short forMs is", async () => {
    const brief = { ...keep, forMs: 60_000 };
    const lost = seller({
      async settle() {
        world.ledger.transfers += 1;
        throw new Error("reply lost");
      },
    });
    await payOnce(world.stores[0], world.payment, lost, { keep: brief });
    await vi.advanceTimersByTimeAsync(20 * day);
    expect(await payOnce(world.stores[1], world.payment, seller(), { keep: brief })).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 1, serves: 1 });
  });

  it.each([0, -1, 1.5, Number.NaN, "60s"])("refuses forMs %j before anything is done", async (forMs) => {
    const wrong = JSON.parse(JSON.stringify({ forMs: Number.isNaN(forMs) ? null : forMs }));
    const options = { keep: { ...keep, ...wrong } };
    await expect(payOnce(world.stores[0], world.payment, seller(), options)).rejects.toThrow(/^keep\.forMs must be/);
    expect(world.ledger).toMatchObject({ verifies: 0, transfers: 0 });
  });

  it("is told by a delivery that died before it was heard", async () => {
    let dead = false;
    const dying = intercepted(world.stores[0], async ({ method, apply }) => {
      if (dead) return never();
      const reply = await apply();
      dead = method === "settle";
      return dead ? never() : reply;
    });
    void payOnce(dying, world.payment, seller(), { leaseMs, keep });
    await vi.advanceTimersByTimeAsync(10 * leaseMs);
    expect(await payOnce(world.stores[1], world.payment, seller(), { keep })).toEqual({
      ...duplicate,
      kept: "content",
    });
  });

  it("is told where another delivered between this caller's claim and its reconciliation", async () => {
    await payOnce(world.stores[0], world.payment, seller({ settle: () => Promise.reject(new Error("died")) }), {
      keep,
    });
    world.ledger.transfers = 1;
    const slower = intercepted(world.stores[0], async ({ method, apply }) => {
      if (method === "reconcile") await payOnce(world.stores[1], world.payment, seller(), { keep });
      return apply();
    });
    expect(await payOnce(slower, world.payment, seller(), { keep })).toEqual({ ...duplicate, kept: "content" });
  });
});

describe("a collector", () => {
  const own = () => ({ ...world.payment, collector: "session 1" });

  it("is bound at the first claim: with another one, or with none, it is a conflict, whatever became of it", async () => {
    const others = [world.payment, { ...world.payment, collector: "session 2" }];
    const served = new Promise<string>((resolve) => setTimeout(() => resolve("content"), 1_000));
    const first = payOnce(world.stores[0], own(), seller({ serve: () => served }), { leaseMs, keep });
    await vi.advanceTimersByTimeAsync(10);
    for (const other of others) {
      expect(await payOnce(world.stores[1], other, seller(), { keep })).toEqual({ status: "conflict" });
    }
    expect(await passing(1_000, first)).toEqual(fresh);
    for (const other of others) {
      expect(await payOnce(world.stores[1], other, seller(), { keep })).toEqual({ status: "conflict" });
    }
    expect(await payOnce(world.stores[1], own(), seller(), { keep })).toEqual({ ...duplicate, kept: "content" });
  });

  it("alone collects what is owed", async () => {
    const lost = seller({
      async settle() {
        world.ledger.transfers += 1;
        throw lostReply();
      },
    });
    await payOnce(world.stores[0], own(), lost, { keep });
    expect(await payOnce(world.stores[1], world.payment, seller(), { keep })).toEqual({ status: "conflict" });
    expect(await payOnce(world.stores[1], own(), seller(), { keep })).toEqual(fresh);
  });

  it("is stored as its hash alone", async () => {
    await payOnce(world.stores[0], own(), seller(), { keep });
    const stored = JSON.stringify([...world.port.records]);
    expect(stored).not.toContain("session 1");
    expect(stored).toContain(sha256("session 1"));
  });
});
