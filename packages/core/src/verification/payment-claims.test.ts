// A payment's record before its claimants: who may deliver it, which payload and collector it is bound to, how long it is remembered.
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { type ClaimRequest, claim, reconcile } from "./claim.ts";
import { release } from "./end.ts";
import { look, unresolvedRecord } from "./peek.ts";
import { deliver, settle } from "./settle.ts";
import type { PaymentBody, VerificationBody } from "./verification-record.ts";

const dayMs = 86_400_000;
const monthMs = 31 * dayMs;
const floorMs = 600_000;
const nowMs = 500;
const working: VerificationBody = {
  ...{ state: "in-progress", fence: 7, attempt: 2, token: "a", fingerprint: "f" },
  ...{ leaseUntilMs: 400, onLeaseExpiry: "retry", retainUntilMs: 3 * dayMs },
};
const payment: PaymentBody = { payload: "p", collector: "c", refusals: 0 };
const record = (more: Partial<VerificationBody> = {}): StoredRecord => ({
  endsAtMs: 3 * dayMs,
  body: { ...working, payment, ...more },
});
const settled = (more: Partial<VerificationBody> = {}) =>
  record({ state: "settled", value: "tx", payment: { ...payment, settledAtMs: 300 }, ...more });
const delivered = settled({ state: "delivered" });
const kept = (text: string): StoredRecord => ({ endsAtMs: monthMs, body: { text } });
const request = (more: Partial<ClaimRequest> = {}): ClaimRequest => ({
  ...{ token: "b", fingerprint: "f", leaseMs: 1_000, onLeaseExpiry: "retry", retainUntilMs: 0 },
  payment: { payload: "p", collector: "c" },
  ...more,
});
const held = { token: "b", fence: "500000", ttlMs: 1_000, attempt: 3 };
const bodyOf = ({ write }: { write?: StoredRecord | null }) => write?.body;

describe("a payment that is owed", () => {
  it("is claimed with its receipt, a lease to deliver under, and what was kept", () => {
    const { write, writeKept, reply } = claim(settled(), nowMs, request(), kept("goods"));
    expect(reply).toStrictEqual({ status: "settled", receipt: "tx", lease: held, kept: "goods" });
    expect(write).toMatchObject({
      endsAtMs: 300 + monthMs,
      body: { state: "settled", value: "tx", token: "b", fence: 500_000, attempt: 3, leaseUntilMs: 1_500 },
    });
    expect(writeKept).toBeUndefined();
    expect(claim(settled(), nowMs, request()).reply).not.toHaveProperty("kept");
  });

  it("is claimed with its payload, whatever that was priced by, and keeps its record", () => {
    const priced = settled({ payment: { ...payment, payload: "p by plan", settledAtMs: 300 } });
    for (const payload of ["p", "p by plan", "p by another"]) {
      const { write, reply } = claim(priced, nowMs, request({ payment: { payload, collector: "c" } }));
      expect(reply).toMatchObject({ status: "settled", receipt: "tx" });
      expect(write?.body).toMatchObject({ payment: { payload: "p by plan" } });
    }
    for (const payload of ["q", "q by plan", "pp"]) {
      expect(claim(priced, nowMs, request({ payment: { payload, collector: "c" } })).reply.status).toBe("mismatch");
    }
  });

  it("is one claimant's at a time, who gets the same lease again", () => {
    const taken = settled({ token: "b", leaseUntilMs: 900 });
    const lease = { token: "b", fence: "7", ttlMs: 400, attempt: 2 };
    expect(claim(taken, nowMs, request(), kept("goods"))).toStrictEqual({
      reply: { status: "settled", receipt: "tx", lease, kept: "goods" },
    });
    const inProgress = { status: "in-progress", retryAfterMs: 400 };
    expect(claim(taken, nowMs, request({ token: "z" }), kept("goods"))).toStrictEqual({ reply: inProgress });
    expect(reconcile(taken, nowMs, { token: "b", leaseMs: 1_000 })).toStrictEqual({ reply: inProgress });
  });

  it("is owed again as soon as its claimant lets go, and refuses nothing by it", () => {
    const taken = settled({ token: "b", leaseUntilMs: 900 });
    const lease = { token: "b", fence: "7", ttlMs: 1, attempt: 2 };
    const { write, reply } = release(taken, nowMs, { lease, refused: true }, kept("goods"));
    expect(reply).toEqual({ status: "ok" });
    expect(write?.body).toEqual({ ...(taken.body as object), leaseUntilMs: nowMs });
    expect(claim(write ?? null, nowMs, request({ token: "z" }), kept("goods")).reply).toMatchObject({ kept: "goods" });
    expect(release(settled(), nowMs, { lease: { ...lease, token: "a" } }).reply).toEqual({
      ...{ status: "lost", current: "settled" },
    });
  });

  it("is not for another fingerprint, collector or payload, held or not, nor once it is delivered", () => {
    const others: Partial<ClaimRequest>[] = [
      { fingerprint: "g" },
      { payment: { payload: "p", collector: "k" } },
      { payment: { payload: "p" } },
      { payment: undefined },
      { payment: { payload: "q", collector: "c" } },
    ];
    for (const found of [settled(), settled({ leaseUntilMs: 900 }), delivered]) {
      for (const other of others) {
        for (const token of ["a", "z"]) {
          const asked = request({ ...other, token });
          expect(claim(found, nowMs, asked, kept("goods"))).toStrictEqual({ reply: { status: "mismatch" } });
        }
      }
    }
  });

  it("hands what was kept to its duplicates once it is delivered", () => {
    const reply = { status: "delivered", receipt: "tx", kept: "goods" };
    expect(claim(delivered, nowMs, request(), kept("goods"))).toStrictEqual({ reply });
    expect(claim(delivered, nowMs, request())).toStrictEqual({ reply: { status: "delivered", receipt: "tx" } });
  });

  it("without a collector stays without one: a later claim shuts no caller out", () => {
    const { collector: _, ...open } = { ...payment, settledAtMs: 300 };
    const found = settled({ payment: open });
    const { write, reply } = claim(found, nowMs, request({ payment: { payload: "p", collector: "k" } }));
    expect(reply.status).toBe("settled");
    expect(bodyOf({ write: write ?? null })).toMatchObject({ payment: open });
    expect(write?.body).not.toHaveProperty("payment.collector");
    const first = claim(write ?? null, nowMs + 1_000, request({ token: "z", payment: { payload: "p" } }));
    expect(first.reply.status).toBe("settled");
  });

  it("where it was recorded without a claim, is bound by the next one", () => {
    const { write } = settle(null, 300, { receipt: "tx" });
    const first = claim(write ?? null, nowMs, request());
    expect(first.reply).toMatchObject({ status: "settled", lease: { token: "b", attempt: 1 } });
    expect(bodyOf(first)).toMatchObject({ fingerprint: "f", payment: { payload: "p", collector: "c" } });
    for (const other of [{ fingerprint: "g" }, { payment: { payload: "q", collector: "c" } }]) {
      expect(claim(first.write ?? null, nowMs, request(other)).reply).toEqual({ status: "mismatch" });
    }
  });
});

describe("a payment before its settlement", () => {
  it("is bound to the collector of its first claim, and to the payload only once it is settled", () => {
    const first = claim(null, nowMs, request());
    expect(bodyOf(first)).toMatchObject({ payment: { payload: "p", collector: "c", refusals: 0 } });
    const lapsed = first.write ?? null;
    const other = request({ payment: { payload: "q", collector: "c" }, token: "z" });
    expect(claim(lapsed, nowMs, other).reply).toMatchObject({ status: "in-progress" });
    const taken = claim(lapsed, nowMs + 1_000, other);
    expect(taken.reply).toMatchObject({ status: "claimed", via: "takeover" });
    expect(bodyOf(taken)).toMatchObject({ payment: { payload: "q", collector: "c" } });
    // A takeover adds none: the first payer, who gave none, would be shut out.
    const open = claim(null, nowMs, request({ payment: { payload: "p" } })).write ?? null;
    expect(bodyOf(claim(open, nowMs + 1_000, other))).not.toHaveProperty("payment.collector");
    for (const collector of ["k", undefined]) {
      const asked = request({ payment: { payload: "p", collector } });
      expect(claim(lapsed, nowMs + 1_000, asked).reply).toEqual({ status: "mismatch" });
    }
  });

  it("ended as expired stays so, and says why to its own claimants", () => {
    const expired = record({ state: "expired", value: "void" });
    const reply = { status: "expired", reason: "void" };
    expect(claim(expired, nowMs, request({ payment: { payload: "q", collector: "c" } }))).toStrictEqual({ reply });
    expect(claim(expired, nowMs, request({ payment: undefined }))).toStrictEqual({ reply: { status: "mismatch" } });
    expect(reconcile(expired, nowMs, { token: "r", leaseMs: 1 })).toStrictEqual({ reply });
  });

  it("counts its refusals through every release, and tells them to the next claim", () => {
    let found: StoredRecord | null = null;
    const replies: unknown[] = [];
    for (const refused of [true, false, true]) {
      const { write, reply } = claim(found, nowMs, request());
      if (reply.status !== "claimed") throw new Error(reply.status);
      replies.push(reply.refusals);
      const { lease } = reply;
      expect(claim(write ?? null, nowMs, request()).reply).toMatchObject({
        ...{ via: "resume" },
        ...(reply.refusals !== undefined && { refusals: reply.refusals }),
      });
      const freed: StoredRecord | null = release(write ?? null, nowMs, { lease, refused }).write ?? null;
      // A lost reply: said again it counts once.
      expect(release(freed, nowMs, { lease, refused })).toStrictEqual({ reply: { status: "ok" } });
      found = freed;
    }
    expect(replies).toEqual([undefined, 1, 1]);
    const last = claim(found, nowMs, request({ fingerprint: "g", payment: { payload: "q" } }));
    expect(last.reply).toMatchObject({ status: "claimed", via: "fresh", refusals: 2 });
    expect(claim(last.write ?? null, nowMs + 1_000, request({ ...{ fingerprint: "g" }, token: "z" })).reply).toEqual(
      expect.objectContaining({ via: "takeover", refusals: 2 }),
    );
  });

  it("is freed of what was kept; its names bind a late receipt, and no claim", () => {
    const lease = { token: "a", fence: "7", ttlMs: 1, attempt: 2 };
    const found = record({ leaseUntilMs: 900, payment: { ...payment, reference: "ref", undone: ["d"] } });
    const freed = release(found, nowMs, { lease, refused: true }, kept("goods"));
    expect(bodyOf(freed)).toStrictEqual({
      ...{ ...working, state: "released", leaseUntilMs: 900 },
      payment: { ...payment, reference: "ref", undone: ["d"], refusals: 1 },
    });
    const other = request({ token: "z", fingerprint: "g", payment: { payload: "q" } });
    expect(bodyOf(claim(freed.write ?? null, nowMs, other))).toMatchObject({
      fingerprint: "g",
      payment: { payload: "q", refusals: 1, undone: ["d"] },
    });
    expect(bodyOf(claim(freed.write ?? null, nowMs, other))).not.toHaveProperty("payment.collector");
    const late = settle(freed.write ?? null, nowMs, { receipt: "tx" });
    expect(bodyOf(late)).toMatchObject({ fingerprint: "f", payment: { payload: "p", collector: "c", undone: ["d"] } });
    expect(settle(freed.write ?? null, nowMs, { receipt: "tx", deliver: { token: "d" } }).reply.status).toBe("settled");
    const named = { receipt: "tx", fingerprint: "g", payment: { payload: "q", collector: "k" } };
    expect(bodyOf(settle(freed.write ?? null, nowMs, named))).toMatchObject({
      fingerprint: "g",
      payment: { payload: "q", collector: "k" },
    });
    expect(freed.writeKept).toBe(null);
    expect(release(found, nowMs, { lease }).write?.body).toMatchObject({ payment: { refusals: 0 } });
    const bare = { ...working, leaseUntilMs: 900 };
    const forgotten = release({ endsAtMs: dayMs, body: bare }, nowMs, { lease, forget: true });
    expect(forgotten.write?.endsAtMs).toBe(nowMs + 10_000);
    // What counts refusals is not forgotten.
    expect(release(found, nowMs, { lease, forget: true }).write?.endsAtMs).toBe(3 * dayMs);
    const { payment: _, ...plain } = { ...working, leaseUntilMs: 900 };
    const block = { endsAtMs: dayMs, body: plain };
    expect(bodyOf(release(block, nowMs, { lease }))).not.toHaveProperty("payment");
    expect(bodyOf(release(block, nowMs, { lease, refused: true }))).toMatchObject({ payment: { refusals: 1 } });
  });

  it("drops what is left of an earlier record's result", () => {
    expect(claim(null, nowMs, request(), kept("old")).writeKept).toBe(null);
    expect(claim(null, nowMs, request())).not.toHaveProperty("writeKept");
  });

  it("drops what was made in an attempt that is taken over: it may have been for another payload", () => {
    const asked = request({ payment: { payload: "q", collector: "c" } });
    const { writeKept, reply } = claim(record(), nowMs, asked, kept("made for p"));
    expect(reply).toMatchObject({ status: "claimed", via: "takeover" });
    expect(writeKept).toBe(null);
    expect(claim(record(), nowMs, asked)).not.toHaveProperty("writeKept");
  });
});

describe("reconcile", () => {
  const asked = { token: "r", leaseMs: 1_000 };

  it("is told the evidence and the reference of the attempts before, resumed too", () => {
    const unknown = record({ state: "unknown", evidence: "tx sent", payment: { ...payment, reference: "ref" } });
    const { write, reply } = reconcile(unknown, nowMs, asked);
    const lease = { ...held, token: "r" };
    const told = { evidence: "tx sent", reference: "ref" };
    expect(reply).toStrictEqual({ status: "claimed", lease, via: "takeover", ...told });
    expect(reconcile(write ?? null, nowMs, asked).reply).toStrictEqual({
      ...{ status: "claimed", lease, via: "resume" },
      ...told,
    });
    expect(bodyOf({ write: write ?? null })).toMatchObject({ payment: { ...payment, reference: "ref" } });
    const bare = reconcile(record({ state: "unknown" }), nowMs, asked).reply;
    expect(bare).toStrictEqual({ status: "claimed", lease, via: "takeover" });
  });

  it("says what is owed or delivered, without a lease and without what was kept", () => {
    expect(reconcile(settled(), nowMs, asked)).toStrictEqual({ reply: { status: "settled", receipt: "tx" } });
    expect(reconcile(delivered, nowMs, asked)).toStrictEqual({ reply: { status: "delivered", receipt: "tx" } });
  });
});

describe("looking", () => {
  it("names the payload that a record is bound to, and never what was kept", () => {
    expect(look(settled(), nowMs)).toStrictEqual({ status: "settled", receipt: "tx", payload: "p" });
    expect(look(delivered, nowMs)).toStrictEqual({ status: "delivered", receipt: "tx", payload: "p" });
    expect(look(record({ leaseUntilMs: 900 }), nowMs)).toStrictEqual({
      ...{ status: "in-progress", retryAfterMs: 400 },
      payload: "p",
    });
    const unbound = settle(null, nowMs, { receipt: "tx" }).write ?? null;
    expect(look(unbound, nowMs)).toStrictEqual({ status: "settled", receipt: "tx" });
    expect(look(record({ state: "released" }), nowMs)).toStrictEqual({ status: "absent" });
  });

  it("lists what is in doubt, what is owed, and what is held an hour after its settlement", () => {
    const about = { attempt: 2, fingerprint: "f" };
    const unknown = record({
      state: "unknown",
      unknownAtMs: 90,
      evidence: "e",
      payment: { ...payment, reference: "r" },
    });
    expect(unresolvedRecord(unknown, nowMs)).toStrictEqual({
      ...{ kind: "in-doubt", ...about, evidence: "e", reference: "r", atMs: 90 },
    });
    expect(unresolvedRecord(record({ onLeaseExpiry: "unknown" }), nowMs)).toStrictEqual({
      ...{ kind: "in-doubt", ...about, atMs: 400 },
    });
    expect(unresolvedRecord(settled(), nowMs)).toStrictEqual({ kind: "owed", ...about, atMs: 300 });
    const serving = settled({ leaseUntilMs: dayMs });
    expect(unresolvedRecord(serving, 300 + 3_599_999)).toBe(null);
    expect(unresolvedRecord(serving, 300 + 3_600_000)).toStrictEqual({ kind: "held", ...about, atMs: 300 });
    const longHeld = record({ leaseUntilMs: dayMs, onLeaseExpiry: "unknown" });
    for (const over of [null, longHeld, record(), delivered, record({ state: "released" })]) {
      expect(unresolvedRecord(over, 300 + 3_600_000)).toBe(null);
    }
    expect(unresolvedRecord(record({ state: "expired", value: "void" }), nowMs)).toBe(null);
  });
});

describe("a payment is remembered", () => {
  const remembered = (retainUntilMs: number, found: StoredRecord | null = null) =>
    claim(found, nowMs, request({ retainUntilMs })).write?.endsAtMs;

  it("a day longer than it is valid, counted from its lease and the floor where that is past", () => {
    expect(remembered(5 * dayMs)).toBe(6 * dayMs);
    expect(remembered(0)).toBe(nowMs + 1_000 + floorMs + dayMs);
    expect(remembered(nowMs + monthMs)).toBe(nowMs + monthMs + dayMs);
    expect(() => remembered(nowMs + monthMs + 1)).toThrow(/more than 31 days ahead/);
  });

  it("as long as the payload is valid that takes it over, or that collects what is owed", () => {
    expect(remembered(5 * dayMs, record())).toBe(6 * dayMs);
    expect(remembered(dayMs, record())).toBe(3 * dayMs);
    expect(() => remembered(nowMs + monthMs + 1, record())).toThrow(/more than 31 days ahead/);
    const block = request({ retainUntilMs: 5 * dayMs, payment: undefined });
    const { payment: _, ...plain } = working;
    expect(claim({ endsAtMs: 3 * dayMs, body: plain }, nowMs, block).write?.endsAtMs).toBe(3 * dayMs);

    const collecting = (more: Partial<ClaimRequest>, found: StoredRecord) => {
      const owed = claim(found, nowMs, request(more)).write ?? null;
      return deliver(owed, nowMs, { token: "d" }).write?.endsAtMs;
    };
    expect(collecting({ retainUntilMs: 5 * dayMs }, settled())).toBe(6 * dayMs);
    expect(collecting({ retainUntilMs: dayMs }, settled())).toBe(3 * dayMs);
    // What is owed is not refused for its validity.
    expect(collecting({ retainUntilMs: 2 * monthMs }, settled())).toBe(nowMs + monthMs + dayMs);
    const unbound = settled({ payment: { payload: "", refusals: 0, settledAtMs: 300 } });
    expect(collecting({ retainUntilMs: 5 * dayMs, payment: undefined }, unbound)).toBe(3 * dayMs);
  });

  it("no shorter after a release", () => {
    expect(remembered(0, record({ state: "released" }))).toBe(3 * dayMs);
  });

  it("a day beyond a delivery that came late", () => {
    const late = deliver(settled(), 20 * dayMs, { token: "d" });
    expect(late.write?.endsAtMs).toBe(21 * dayMs);
  });
});
