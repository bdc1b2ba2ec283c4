// A holder at work on a payment's record: what a renewal keeps, and what completing, noting and doubting mean for it.
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { complete, markUnknown } from "./end.ts";
import { note, renew } from "./hold.ts";
import type { PaymentBody, VerificationBody } from "./verification-record.ts";

const dayMs = 86_400_000;
const monthMs = 31 * dayMs;
const nowMs = 500;
const payment: PaymentBody = { payload: "p", collector: "c", refusals: 1 };
const working: VerificationBody = {
  ...{ state: "in-progress", fence: 7, attempt: 2, token: "a", fingerprint: "f" },
  ...{ leaseUntilMs: 1_000, onLeaseExpiry: "retry", retainUntilMs: 3 * dayMs },
};
const record = (more: Partial<VerificationBody> = {}): StoredRecord => ({
  endsAtMs: 3 * dayMs,
  body: { ...working, payment, ...more },
});
const settled = (more: Partial<VerificationBody> = {}) =>
  record({ state: "settled", value: "tx", payment: { ...payment, settledAtMs: 300 }, ...more });
const kept = (text: string, endsAtMs: number): StoredRecord => ({ endsAtMs, body: { text } });
const lease = { token: "a", fence: "7", ttlMs: 1, attempt: 2 };
const lost = (current: string) => ({ reply: { status: "lost", current } });
const bodyOf = ({ write }: { write?: StoredRecord | null }) => write?.body;

describe("renew", () => {
  const renewal = { lease, leaseMs: 3_000, toUnknown: true };

  it("for a settlement keeps reference and result in the same write, for as long as the record is in doubt", () => {
    const { write, writeKept, reply } = renew(record(), nowMs, { ...renewal, reference: "ref", kept: "goods" });
    expect(reply).toEqual({ status: "ok" });
    expect(write).toEqual({
      endsAtMs: nowMs + monthMs,
      body: {
        ...{ ...working, onLeaseExpiry: "unknown", leaseUntilMs: 3_500 },
        payment: { ...payment, reference: "ref" },
      },
    });
    expect(writeKept).toEqual(kept("goods", nowMs + monthMs));
  });

  it("changes what it brings, and nothing else", () => {
    const referring = record({ payment: { ...payment, reference: "ref" } });
    expect(bodyOf(renew(referring, nowMs, renewal))).toMatchObject({ payment: { ...payment, reference: "ref" } });
    expect(renew(referring, nowMs, renewal)).not.toHaveProperty("writeKept");
    expect(bodyOf(renew(referring, nowMs, { ...renewal, reference: "" }))).toMatchObject({
      payment: { reference: "" },
    });
    expect(renew(referring, nowMs, { ...renewal, kept: "" }).writeKept).toEqual(kept("", nowMs + monthMs));
    const { payment: _, ...plain } = working;
    const block = { endsAtMs: 3 * dayMs, body: plain };
    expect(bodyOf(renew(block, nowMs, renewal))).not.toHaveProperty("payment");
    const made = renew(block, nowMs, { ...renewal, toUnknown: false, reference: "ref" });
    expect(bodyOf(made)).toMatchObject({ payment: { payload: "", refusals: 0, reference: "ref" } });
  });

  it("of what is owed goes on and keeps a result, but never towards a second settlement", () => {
    const serving = renew(settled(), nowMs, { ...renewal, toUnknown: false, kept: "goods" });
    expect(serving).toMatchObject({
      write: { endsAtMs: 300 + monthMs, body: { state: "settled", leaseUntilMs: 3_500 } },
      writeKept: kept("goods", 300 + monthMs),
      reply: { status: "ok" },
    });
    expect(renew(settled(), nowMs, renewal)).toStrictEqual(lost("settled"));
  });

  it("is lost once the payment is settled by another, delivered or expired", () => {
    expect(renew(settled({ leaseUntilMs: nowMs }), nowMs, renewal)).toStrictEqual(lost("settled"));
    for (const state of ["delivered", "expired"] as const) {
      expect(renew(settled({ state }), nowMs, { ...renewal, kept: "goods" })).toStrictEqual(lost(state));
    }
  });
});

describe("complete", () => {
  const result = { lease, outcome: "accepted" as const, value: "tx", valueTtlMs: 9, retainUntilMs: 0 };
  const refusal = { ...result, outcome: "rejected" as const, value: "void" };

  it("accepted is a receipt, which no value's TTL ends", () => {
    for (const found of [record(), record({ state: "unknown", leaseUntilMs: 100 })]) {
      const { write, reply } = complete(found, nowMs, result);
      expect(reply).toEqual({ status: "ok" });
      expect(write).toMatchObject({
        endsAtMs: nowMs + monthMs,
        body: { state: "settled", value: "tx", payment: { ...payment, settledAtMs: nowMs } },
      });
      expect(write?.body).not.toHaveProperty("valueUntilMs");
      const settledRecord = write ?? null;
      expect(complete(settledRecord, nowMs, result)).toStrictEqual({ reply: { status: "ok" } });
      expect(complete(settledRecord, nowMs, { ...result, value: "other" })).toStrictEqual(lost("settled"));
      expect(complete(settledRecord, nowMs, refusal)).toStrictEqual(lost("settled"));
    }
    expect(complete(settled({ state: "delivered" }), nowMs, result)).toStrictEqual({ reply: { status: "ok" } });
    expect(complete(record(), nowMs, result, kept("goods", dayMs)).writeKept).toEqual(kept("goods", nowMs + monthMs));
  });

  it("rejected is the word that it will never be settled", () => {
    const { write, writeKept, reply } = complete(record(), nowMs, refusal, kept("goods", dayMs));
    expect(reply).toEqual({ status: "ok" });
    expect(write).toMatchObject({ endsAtMs: nowMs + monthMs, body: { state: "expired", value: "void" } });
    expect(writeKept).toBe(null);
    expect(complete(write ?? null, nowMs, refusal)).toStrictEqual({ reply: { status: "ok" } });
    expect(complete(write ?? null, nowMs, { ...refusal, value: "other" })).toStrictEqual(lost("expired"));
    expect(complete(write ?? null, nowMs, result)).toStrictEqual(lost("expired"));
  });

  it("is lost on another's lease, on one that lapsed, and on one to deliver under", () => {
    for (const given of [result, refusal]) {
      for (const other of [{ token: "b" }, { fence: "6" }]) {
        expect(complete(record(), nowMs, { ...given, lease: { ...lease, ...other } })).toStrictEqual(
          lost("in-progress"),
        );
      }
      expect(complete(record(), 1_000, given)).toStrictEqual(lost("in-progress"));
      expect(complete(record({ state: "released" }), nowMs, given)).toStrictEqual(lost("absent"));
      expect(complete(settled(), nowMs, { ...given, value: "other" })).toStrictEqual(lost("in-progress"));
    }
  });
});

describe("note and markUnknown", () => {
  it("change nothing of a payment but its evidence and its state", () => {
    const noted = note(record(), nowMs, { lease, evidence: "e" });
    expect(bodyOf(noted)).toEqual({ ...working, payment, evidence: "e" });
    const doubted = markUnknown(record(), nowMs, { lease, evidence: undefined });
    expect(bodyOf(doubted)).toEqual({ ...working, payment, state: "unknown", unknownAtMs: nowMs });
  });

  it("put nothing in doubt that is settled, delivered or expired", () => {
    for (const state of ["settled", "delivered", "expired"] as const) {
      const found = settled({ state, leaseUntilMs: 100 });
      expect(markUnknown(found, nowMs, { lease, evidence: "e" })).toStrictEqual(lost(state));
      expect(note(found, nowMs, { lease, evidence: "e" })).toStrictEqual(lost(state));
    }
  });
});
