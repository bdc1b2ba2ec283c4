// Deliveries on bare records, taken back or not, and the end of a payment that is never settled.
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { deliver, expire, undeliver } from "./settle.ts";
import type { PaymentBody, VerificationBody } from "./verification-record.ts";

const dayMs = 86_400_000;
const monthMs = 31 * dayMs;
const nowMs = 500;
const working: VerificationBody = {
  ...{ state: "in-progress", fence: 7, attempt: 2, token: "a", fingerprint: "f" },
  ...{ leaseUntilMs: 1_000, onLeaseExpiry: "unknown", retainUntilMs: 3 * dayMs },
};
const payment: PaymentBody = { payload: "p", refusals: 0, settledAtMs: 400 };
const record = (more: Partial<VerificationBody> = {}): StoredRecord => ({
  endsAtMs: 3 * dayMs,
  body: { ...working, payment, ...more },
});
const settled = (more: Partial<VerificationBody> = {}) => record({ state: "settled", value: "tx", ...more });
const delivered = (more: Partial<PaymentBody> = {}) =>
  settled({ state: "delivered", payment: { ...payment, deliveredBy: "d", ...more } });
const kept = (text: string, endsAtMs = 9 * monthMs): StoredRecord => ({ endsAtMs, body: { text } });
const lease = { token: "a", fence: "7", ttlMs: 1, attempt: 2 };
const lost = (current: string) => ({ reply: { status: "lost", current } });
/** Everything but settled and delivered, and what it reads as. */
const without: readonly [string, StoredRecord | null][] = [
  ["absent", null],
  ["absent", record({ state: "released" })],
  ["in-progress", record()],
  ["in-progress", record({ leaseUntilMs: 100, onLeaseExpiry: "retry" })],
  ["unknown", record({ state: "unknown" })],
  ["expired", record({ state: "expired", value: "void" })],
  ["done", { endsAtMs: dayMs, body: { ...working, state: "accepted", value: "v", valueUntilMs: 900 } }],
];

describe("deliver", () => {
  it("hands over what is settled, ends its lease, and keeps the record a day at least", () => {
    const { write, reply } = deliver(settled(), nowMs, { token: "d" });
    expect(reply).toStrictEqual({ status: "delivered", byYou: true, receipt: "tx" });
    const body = { ...working, state: "delivered", value: "tx", leaseUntilMs: nowMs };
    expect(write).toEqual({ endsAtMs: 3 * dayMs, body: { ...body, payment: { ...payment, deliveredBy: "d" } } });
    const late = deliver(settled({ leaseUntilMs: 0 }), 30 * dayMs, { token: "d" });
    expect(late.write).toMatchObject({ endsAtMs: 31 * dayMs, body: { leaseUntilMs: 0, retainUntilMs: 31 * dayMs } });
  });

  it("has one winner, who is told so again", () => {
    expect(deliver(delivered(), nowMs, { token: "d", kept: "other" }, kept("goods"))).toStrictEqual({
      reply: { status: "delivered", byYou: true, receipt: "tx" },
    });
    expect(deliver(delivered(), nowMs, { token: "e", kept: "other" }, kept("goods"))).toMatchObject({
      write: { body: { state: "delivered", payment: { deliveredBy: "d", undone: ["e"] } } },
      reply: { status: "delivered", byYou: false, receipt: "tx", kept: "goods" },
    });
    expect(deliver(delivered(), nowMs, { token: "e" }).reply).not.toHaveProperty("kept");
  });

  it("is lost where there is no receipt", () => {
    for (const [current, found] of without) {
      expect(deliver(found, nowMs, { token: "d" }), current).toStrictEqual(lost(current));
    }
  });

  it("keeps the result for as long as it is asked to, never longer than the record", () => {
    const keptBy = (keptForMs: number | undefined, given: string | undefined, before: StoredRecord | null) =>
      deliver(settled(), nowMs, { token: "d", kept: given, keptForMs }, before).writeKept;
    expect(keptBy(undefined, "goods", null)).toEqual(kept("goods", 3 * dayMs));
    expect(keptBy(undefined, undefined, kept("goods"))).toEqual(kept("goods", 3 * dayMs));
    expect(keptBy(9, undefined, kept("goods"))).toEqual(kept("goods", nowMs + 9));
    expect(keptBy(monthMs, "goods", null)).toEqual(kept("goods", 3 * dayMs));
    expect(keptBy(9, undefined, null)).toBeUndefined();
  });
});

describe("undeliver", () => {
  it("makes a payment owed again for the token that delivered it, and for no other", () => {
    const { write, reply } = undeliver(delivered(), nowMs, "d", kept("goods", dayMs));
    expect(reply).toEqual({ status: "ok" });
    expect(write?.body).toEqual({ ...working, state: "settled", value: "tx", payment: { ...payment, undone: ["d"] } });
    expect(write?.endsAtMs).toBe(400 + monthMs);
    expect(undeliver(delivered(), nowMs, "d", kept("goods", dayMs)).writeKept).toEqual(kept("goods", 400 + monthMs));
    // It only remembers that a late copy of that one delivers nothing.
    const other = undeliver(delivered(), nowMs, "e");
    expect(other.reply).toEqual({ status: "lost", current: "delivered" });
    expect(other.write).toEqual(delivered({ undone: ["e"] }));
  });

  it("lets a late copy of that delivery change nothing any more, while another delivers", () => {
    const owed = undeliver(delivered(), nowMs, "d").write ?? null;
    expect(deliver(owed, nowMs, { token: "d", kept: "late" }, kept("goods"))).toStrictEqual({
      reply: { status: "settled", receipt: "tx", kept: "goods" },
    });
    const again = deliver(owed, nowMs, { token: "e" });
    expect(again.reply).toMatchObject({ status: "delivered", byYou: true });
    expect(deliver(again.write ?? null, nowMs, { token: "d" }).reply).toMatchObject({ byYou: false });
    expect(undeliver(again.write ?? null, nowMs, "d")).toStrictEqual(lost("delivered"));
  });

  it("comes before its delivery where that is late", () => {
    for (const found of [settled(), record(), record({ state: "unknown" })]) {
      const { write, reply } = undeliver(found, nowMs, "d");
      expect(reply).toEqual({ status: "ok" });
      const { state } = { ...working, ...(found.body as Partial<VerificationBody>) };
      expect(write?.body).toMatchObject({ state, payment: { undone: ["d"] } });
    }
    const early = undeliver(settled(), nowMs, "d").write ?? null;
    expect(deliver(early, nowMs, { token: "d" }).reply.status).toBe("settled");
  });

  it("is lost where there is nothing to deliver", () => {
    for (const [current, found] of without) {
      if (current === "in-progress" || current === "unknown") continue;
      expect(undeliver(found, nowMs, "d").reply, current).toStrictEqual(lost(current).reply);
    }
    expect(undeliver(null, nowMs, "d")).toStrictEqual(lost("absent"));
    const rejected = { ...working, state: "rejected", value: "no", valueUntilMs: 900 };
    expect(undeliver({ endsAtMs: dayMs, body: rejected }, nowMs, "d")).toStrictEqual(lost("done"));
  });
});

describe("expire", () => {
  const reason = "void";

  it("ends what is in doubt or free to take, without a lease, for 31 days at least", () => {
    for (const found of [
      record({ state: "unknown", evidence: "tx", unknownAtMs: 90 }),
      record({ leaseUntilMs: 100 }),
    ]) {
      const { write, writeKept, reply } = expire(found, nowMs, { reason }, kept("goods"));
      expect(reply).toEqual({ status: "ok" });
      expect(write).toMatchObject({ endsAtMs: nowMs + monthMs, body: { state: "expired", value: "void", payment } });
      for (const over of ["evidence", "unknownAtMs"]) expect(write?.body).not.toHaveProperty(over);
      expect(writeKept).toBe(null);
    }
    const lapsed = record({ leaseUntilMs: 100, onLeaseExpiry: "retry" });
    expect(expire(lapsed, nowMs, { reason })).not.toHaveProperty("writeKept");
    expect(expire(lapsed, nowMs, { reason }).write?.body).toMatchObject({ state: "expired", leaseUntilMs: 100 });
  });

  it("takes a live lease's holder, whose lease ends with it, and no one else", () => {
    expect(expire(record(), nowMs, { reason, lease }).write?.body).toMatchObject({ leaseUntilMs: nowMs });
    expect(expire(record(), nowMs, { reason })).toStrictEqual(lost("in-progress"));
    for (const other of [{ token: "b" }, { fence: "6" }]) {
      expect(expire(record(), nowMs, { reason, lease: { ...lease, ...other } })).toStrictEqual(lost("in-progress"));
    }
    // A lease that is given must be the record's, live or not.
    const foreign = { ...lease, fence: "6" };
    expect(expire(record({ state: "unknown" }), nowMs, { reason, lease: foreign })).toStrictEqual(lost("unknown"));
    expect(expire(record({ state: "unknown" }), nowMs, { reason, lease }).reply).toEqual({ status: "ok" });
  });

  it("said again changes nothing, the reason neither", () => {
    const expired = record({ state: "expired", value: "void" });
    expect(expire(expired, nowMs, { reason: "another" })).toStrictEqual({ reply: { status: "ok" } });
  });

  it("is lost where there is a receipt, or nothing", () => {
    expect(expire(settled(), nowMs, { reason, lease })).toStrictEqual(lost("in-progress"));
    expect(expire(settled({ leaseUntilMs: 100 }), nowMs, { reason, lease })).toStrictEqual(lost("settled"));
    expect(expire(delivered(), nowMs, { reason, lease })).toStrictEqual(lost("delivered"));
    for (const [current, found] of without) {
      if (current !== "absent" && current !== "done") continue;
      expect(expire(found, nowMs, { reason }), current).toStrictEqual(lost(current));
    }
  });
});
