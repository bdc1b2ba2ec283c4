// A receipt, on a bare record in each of its states: what it becomes, whose lease goes on, and what is told of it.
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { settle } from "./settle.ts";
import type { PaymentBody, VerificationBody } from "./verification-record.ts";

const dayMs = 86_400_000;
const monthMs = 31 * dayMs;
const floorMs = 600_000;
const nowMs = 500;
const working: VerificationBody = {
  ...{ state: "in-progress", fence: 7, attempt: 2, token: "a", fingerprint: "f" },
  ...{ leaseUntilMs: 1_000, onLeaseExpiry: "unknown", retainUntilMs: 3 * dayMs },
};
const payment: PaymentBody = { payload: "p", collector: "c", refusals: 1, reference: "ref" };
const lease = { token: "a", fence: "7", ttlMs: 1, attempt: 2 };
const record = (more: Partial<VerificationBody> = {}): StoredRecord => ({
  endsAtMs: 3 * dayMs,
  body: { ...working, payment, ...more },
});
const settledAt = (settledAtMs: number, more: Partial<VerificationBody> = {}) =>
  record({ state: "settled", value: "first", payment: { ...payment, settledAtMs }, ...more });
const kept = (text: string, endsAtMs = 9 * monthMs): StoredRecord => ({ endsAtMs, body: { text } });
const bodyOf = ({ write }: { write?: StoredRecord | null }) => write?.body;

describe("settle", () => {
  it("settles what is in progress, lapsed, unknown or expired, and says where it had expired", () => {
    const before = [
      record(),
      record({ leaseUntilMs: 100, onLeaseExpiry: "retry" }),
      record({ leaseUntilMs: 100 }),
      record({ state: "unknown", unknownAtMs: 90, evidence: "tx sent" }),
      record({ state: "expired", value: "void", leaseUntilMs: 100 }),
    ];
    const replies = before.map((found) => {
      const { write, reply } = settle(found, nowMs, { receipt: "tx" });
      expect(write).toMatchObject({
        endsAtMs: nowMs + monthMs,
        body: {
          state: "settled",
          value: "tx",
          attempt: 2,
          fingerprint: "f",
          payment: { ...payment, settledAtMs: nowMs },
        },
      });
      for (const over of ["evidence", "unknownAtMs", "valueUntilMs"]) expect(write?.body).not.toHaveProperty(over);
      return reply;
    });
    const settled = { status: "settled", receipt: "tx" };
    expect(replies).toStrictEqual([settled, settled, settled, settled, { ...settled, wasExpired: true }]);
  });

  it("lets the first receipt stay, from its own instant on", () => {
    const { write, reply } = settle(settledAt(400), nowMs, { receipt: "second" });
    expect(reply).toStrictEqual({ status: "settled", receipt: "first" });
    expect(write).toEqual({ ...settledAt(400), endsAtMs: 400 + monthMs });
  });

  it("leaves a delivered payment as it is, and says whose delivery it was", () => {
    const delivered = settledAt(400, {
      state: "delivered",
      payment: { ...payment, settledAtMs: 400, deliveredBy: "d" },
    });
    const told = { status: "delivered", byYou: false, receipt: "first", kept: "goods" };
    expect(settle(delivered, nowMs, { receipt: "tx" }, kept("goods"))).toStrictEqual({ reply: told });
    const another = { receipt: "tx", deliver: { token: "e" } };
    expect(settle(delivered, nowMs, another, kept("goods"))).toMatchObject({ reply: told });
    const own = { receipt: "tx", deliver: { token: "d" } };
    expect(settle(delivered, nowMs, own, kept("goods"))).toStrictEqual({
      reply: { status: "delivered", byYou: true, receipt: "first" },
    });
  });

  it("leaves what the building blocks have accepted to them", () => {
    const { payment: _, ...accepted } = { ...working, state: "accepted", value: "theirs", valueUntilMs: 900 };
    for (const at of [nowMs, 900]) {
      const request = { receipt: "tx", deliver: { token: "d" } };
      expect(settle({ endsAtMs: dayMs, body: accepted }, at, request)).toStrictEqual({
        reply: { status: "delivered", byYou: false, receipt: "theirs" },
      });
    }
  });

  it("lets its holder's lease go on, and ends any other", () => {
    expect(bodyOf(settle(record(), nowMs, { receipt: "tx", lease }))).toMatchObject({ leaseUntilMs: 1_000 });
    for (const other of [undefined, { ...lease, token: "b" }, { ...lease, fence: "6" }]) {
      expect(bodyOf(settle(record(), nowMs, { receipt: "tx", lease: other }))).toMatchObject({ leaseUntilMs: nowMs });
    }
    const lapsed = settle(record({ leaseUntilMs: 100 }), nowMs, { receipt: "tx", lease });
    expect(bodyOf(lapsed)).toMatchObject({ leaseUntilMs: 100 });
    // A second receipt finds a holder who delivers: it goes on.
    const delivering = settle(settledAt(400), nowMs, { receipt: "tx", lease: { ...lease, token: "b" } });
    expect(bodyOf(delivering)).toMatchObject({ leaseUntilMs: 1_000, token: "a" });
  });

  it("makes a record where there is none, bound to what is given beside it", () => {
    const given = { receipt: "tx", fingerprint: "g", payment: { payload: "q", collector: "k" } };
    const made = settle(null, nowMs, { ...given, retainUntilMs: 2 * dayMs });
    expect(made).toStrictEqual({
      write: {
        endsAtMs: nowMs + monthMs,
        body: {
          ...{ state: "settled", fence: 500_000, attempt: 0, token: "", fingerprint: "g", leaseUntilMs: 0 },
          ...{ onLeaseExpiry: "unknown", retainUntilMs: 3 * dayMs, value: "tx" },
          payment: { payload: "q", refusals: 0, settledAtMs: nowMs, collector: "k" },
        },
      },
      reply: { status: "settled", receipt: "tx" },
    });
    expect(bodyOf(settle(null, nowMs, { receipt: "tx" }))).toMatchObject({
      ...{ fingerprint: "", retainUntilMs: nowMs + floorMs + dayMs },
      payment: { payload: "", refusals: 0, settledAtMs: nowMs },
    });
    const far = settle(null, nowMs, { receipt: "tx", retainUntilMs: 2 * monthMs });
    expect(bodyOf(far)).toMatchObject({ retainUntilMs: nowMs + monthMs + dayMs });
  });

  it("makes a freed or rejected record anew, under the fence it had", () => {
    const given = { receipt: "tx", fingerprint: "g", payment: { payload: "q" } };
    const freed = record({ state: "released", leaseUntilMs: 100, payment: { payload: "", refusals: 3 } });
    const rejected = { ...working, state: "rejected", value: "no", valueUntilMs: 900, leaseUntilMs: 100 };
    for (const found of [freed, { endsAtMs: dayMs, body: rejected }]) {
      const { write, reply } = settle(found, nowMs, given);
      expect(reply).toStrictEqual({ status: "settled", receipt: "tx" });
      expect(write?.body).toMatchObject({
        ...{ state: "settled", fence: 7, fingerprint: "g", value: "tx" },
        payment: { payload: "q", refusals: found === freed ? 3 : 0, settledAtMs: nowMs },
      });
      expect(write?.body).not.toHaveProperty("valueUntilMs");
    }
  });

  it("keeps what the record was bound to, whatever is given beside the receipt", () => {
    const given = { receipt: "tx", fingerprint: "f", payment: { payload: "q", collector: "c" } };
    expect(bodyOf(settle(record(), nowMs, given))).toMatchObject({ fingerprint: "f", payment });
    const { collector: _, ...open } = payment;
    expect(bodyOf(settle(record({ payment: open }), nowMs, given))).not.toHaveProperty("payment.collector");
  });

  it("remembers the payment for as long as it is told that it is valid, and no shorter than before", () => {
    const retained = (retainUntilMs: number | undefined) =>
      bodyOf(settle(record(), nowMs, { receipt: "tx", retainUntilMs }));
    expect(retained(5 * dayMs)).toMatchObject({ retainUntilMs: 6 * dayMs });
    expect(retained(dayMs)).toMatchObject({ retainUntilMs: 3 * dayMs });
    expect(retained(undefined)).toMatchObject({ retainUntilMs: 3 * dayMs });
  });

  it("by the bearer of another purchase's receipt is recorded, but delivers nothing and tells no result", () => {
    const others = [{ fingerprint: "g" }, { payment: { payload: "p", collector: "k" } }];
    for (const other of others) {
      const request = { receipt: "tx", ...other, deliver: { token: "d", kept: "made for g" } };
      const { write, writeKept, reply } = settle(record(), nowMs, request, kept("goods"));
      expect(reply).toStrictEqual({ status: "lost", current: "settled" });
      expect(write?.body).toMatchObject({ state: "settled", value: "tx", leaseUntilMs: nowMs, fingerprint: "f" });
      expect(write?.body).toMatchObject({ payment: { ...payment, settledAtMs: nowMs } });
      expect(writeKept).toBeUndefined();
      const again = settle(settledAt(400), nowMs, request, kept("goods"));
      expect(again.reply).toStrictEqual({ status: "lost", current: "settled" });
      expect(again.write).toEqual({ ...settledAt(400), endsAtMs: 400 + monthMs });
      const delivered = settledAt(400, { state: "delivered" });
      expect(settle(delivered, nowMs, request, kept("goods"))).toStrictEqual({
        reply: { status: "lost", current: "delivered" },
      });
      const expired = record({ state: "expired", value: "void" });
      expect(settle(expired, nowMs, request).reply).toStrictEqual({
        ...{ status: "lost", current: "settled" },
        wasExpired: true,
      });
      expect(settle(record({ state: "released" }), nowMs, request).reply).toMatchObject({ byYou: true });
    }
    const unbound = record({ payment: { payload: "", refusals: 0 } });
    const foreign = { receipt: "tx", fingerprint: "g", payment: { payload: "q" } };
    expect(bodyOf(settle(unbound, nowMs, foreign))).toMatchObject({ payment: { payload: "" } });
    const unsaid = { receipt: "tx", payment: { payload: "p" }, deliver: { token: "d" } };
    expect(settle(record(), nowMs, unsaid).reply).toMatchObject({ status: "delivered", byYou: true });
  });

  it("delivers in the same write, unless that delivery was taken back", () => {
    const request = { receipt: "tx", lease, deliver: { token: "d", kept: "goods", keptForMs: 70 } };
    expect(settle(record({ state: "expired", value: "void" }), nowMs, request)).toMatchObject({
      write: {
        endsAtMs: 3 * dayMs,
        body: { state: "delivered", value: "tx", leaseUntilMs: nowMs, payment: { deliveredBy: "d" } },
      },
      writeKept: { endsAtMs: nowMs + 70, body: { text: "goods" } },
      reply: { status: "delivered", byYou: true, receipt: "tx", wasExpired: true },
    });
    const undone = record({ payment: { ...payment, undone: ["d"] } });
    expect(settle(undone, nowMs, request)).toMatchObject({
      write: { body: { state: "settled", leaseUntilMs: 1_000, payment: { undone: ["d"] } } },
      reply: { status: "settled", receipt: "tx" },
    });
    expect(settle(settledAt(400), nowMs, request).reply).toStrictEqual({
      ...{ status: "delivered", byYou: true, receipt: "first" },
    });
    expect(settle(null, nowMs, request).reply).toMatchObject({ status: "delivered", byYou: true });
  });

  it("tells what was kept, and keeps it as long as the payment is owed", () => {
    const { writeKept, reply } = settle(record(), nowMs, { receipt: "tx" }, kept("goods", dayMs));
    expect(reply).toStrictEqual({ status: "settled", receipt: "tx", kept: "goods" });
    expect(writeKept).toEqual(kept("goods", nowMs + monthMs));
    expect(settle(record(), nowMs, { receipt: "tx" }, kept("goods"))).not.toHaveProperty("writeKept");
    expect(settle(record(), nowMs, { receipt: "tx" })).not.toHaveProperty("writeKept");
  });
});
