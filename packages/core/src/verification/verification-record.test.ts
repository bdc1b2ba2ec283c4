// What counts as a verification record, and who its last holder is.
import { describe, expect, it } from "vitest";
import { isLastHolder, phaseOf, readBody, recordOf, type VerificationBody } from "./verification-record.ts";
import { keptIn, view } from "./verification-replies.ts";

const held: VerificationBody = {
  state: "in-progress",
  fence: 7,
  attempt: 1,
  token: "a",
  fingerprint: "f",
  leaseUntilMs: 1_000,
  onLeaseExpiry: "retry",
  retainUntilMs: 2_000_000,
};
const done: VerificationBody = { ...held, state: "accepted", value: "v", valueUntilMs: 5_000 };
const payment = { payload: "p", refusals: 0 };
const settled: VerificationBody = {
  ...{ ...held, state: "settled", leaseUntilMs: 500, value: "tx" },
  payment: { ...payment, settledAtMs: 400 },
};
const without = (body: VerificationBody, name: keyof VerificationBody) =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));

describe("readBody", () => {
  it("takes every state", () => {
    const full = { ...payment, collector: "c", reference: "r", settledAtMs: 1, deliveredBy: "d", undone: ["u"] };
    const states = [
      ...[held, done, { ...done, state: "rejected" }, { ...held, state: "unknown" }, { ...held, payment }],
      ...[settled, { ...settled, state: "delivered", payment: full }, { ...held, state: "expired", value: "void" }],
    ];
    for (const body of [...states, { ...held, state: "released" }, { ...held, evidence: "e", unknownAtMs: 3 }]) {
      expect(readBody({ endsAtMs: 1, body })).toBe(body);
    }
    expect(readBody(null)).toBe(null);
  });

  it("refuses a record with anything missing", () => {
    for (const name of [
      "state",
      "fence",
      "attempt",
      "token",
      "fingerprint",
      "leaseUntilMs",
      "onLeaseExpiry",
      "retainUntilMs",
    ] as const) {
      expect(() => readBody({ endsAtMs: 1, body: without(held, name) })).toThrow(/record cannot be read; it was kept/);
    }
    for (const name of ["value", "valueUntilMs"] as const) {
      expect(() => readBody({ endsAtMs: 1, body: without(done, name) })).toThrow(/record cannot be read/);
    }
    for (const state of ["settled", "delivered"] as const) {
      for (const name of ["value", "payment"] as const) {
        const body = without({ ...settled, state }, name);
        expect(() => readBody({ endsAtMs: 1, body })).toThrow(/record cannot be read/);
      }
      expect(() => readBody({ endsAtMs: 1, body: { ...settled, state, payment } })).toThrow(/record cannot be read/);
    }
  });

  it("refuses a record with anything of the wrong kind", () => {
    const wrong = [
      { state: "finished" },
      { fence: "7" },
      { fence: 2 ** 53 },
      { attempt: 1.5 },
      { token: 1 },
      { fingerprint: null },
      { leaseUntilMs: "1000" },
      { onLeaseExpiry: "later" },
      { evidence: 7 },
      { unknownAtMs: "3" },
      { value: 7, state: "accepted", valueUntilMs: 1 },
      { value: "v", state: "rejected", valueUntilMs: "1" },
      { state: "expired" },
      { retainUntilMs: 0.5 },
      ...[null, 7, {}, { refusals: 0 }, { payload: 7, refusals: 0 }].map((wrong) => ({ payment: wrong })),
      ...[{ refusals: 0.5 }, { collector: 7 }, { reference: 7 }, { settledAtMs: "1" }].map((more) => ({
        payment: { ...payment, ...more },
      })),
      ...[{ deliveredBy: 7 }, { undone: 7 }].map((more) => ({ payment: { ...payment, ...more } })),
      { state: "settled", value: "tx", payment: { ...payment, settledAtMs: 0.5 } },
    ];
    for (const body of [...wrong.map((more) => ({ ...held, ...more })), "text", 7, null, undefined, []]) {
      expect(() => readBody({ endsAtMs: 1, body })).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
    }
  });
});

describe("isLastHolder", () => {
  it("wants the token and the fence, both", () => {
    const lease = { token: "a", fence: "7", ttlMs: 1, attempt: 1 };
    expect(isLastHolder(held, lease)).toBe(true);
    expect(isLastHolder(held, { ...lease, token: "b" })).toBe(false);
    expect(isLastHolder(held, { ...lease, fence: "6" })).toBe(false);
    expect(isLastHolder(held, { ...lease, fence: "07" })).toBe(false);
  });
});

describe("phaseOf", () => {
  it("is held strictly before the lease's end, done strictly before the value's", () => {
    expect([999, 1_000].map((nowMs) => phaseOf(held, nowMs))).toEqual(["held", "lapsed"]);
    expect([999, 1_000].map((nowMs) => phaseOf({ ...held, onLeaseExpiry: "unknown" }, nowMs))).toEqual([
      "held",
      "unknown",
    ]);
    expect([4_999, 5_000].map((nowMs) => phaseOf(done, nowMs))).toEqual(["done", "spent"]);
    expect(phaseOf({ ...done, state: "rejected" }, 5_000)).toBe("absent");
    expect(phaseOf({ ...held, state: "released" }, 0)).toBe("absent");
    // A tombstone whose lease would still be live holds nothing, even with a value left in it.
    expect(phaseOf({ ...done, state: "released" }, 0)).toBe("absent");
    expect(phaseOf({ ...held, state: "unknown" }, 0)).toBe("unknown");
  });

  it("of a settled payment is held while its lease lasts; delivered and expired it is whatever the lease", () => {
    expect([499, 500].map((nowMs) => phaseOf(settled, nowMs))).toEqual(["held", "settled"]);
    expect([499, 500].map((nowMs) => phaseOf({ ...settled, state: "delivered" }, nowMs))).toEqual([
      "delivered",
      "delivered",
    ]);
    expect(phaseOf({ ...held, state: "expired", value: "void" }, 0)).toBe("expired");
  });
});

describe("recordOf", () => {
  const monthMs = 31 * 86_400_000;
  const endOf = (body: VerificationBody, nowMs = 3_000) => recordOf(body, nowMs).endsAtMs;
  const retainUntilMs = 2_000_000;

  it("keeps 31 days from now what is in doubt or expired, and from its receipt what is owed", () => {
    expect(endOf({ ...held, state: "unknown" })).toBe(3_000 + monthMs);
    expect(endOf({ ...held, onLeaseExpiry: "unknown" })).toBe(3_000 + monthMs);
    expect(endOf({ ...held, state: "expired", value: "void" })).toBe(3_000 + monthMs);
    expect(endOf(settled)).toBe(400 + monthMs);
    const long = { retainUntilMs: 2 * monthMs };
    expect(endOf({ ...settled, ...long })).toBe(2 * monthMs);
    expect(endOf({ ...held, ...long, state: "unknown" })).toBe(2 * monthMs);
  });

  it("keeps all else for its retention, and a rejection no longer than its value", () => {
    const rejected: VerificationBody = { ...done, state: "rejected" };
    for (const body of [
      held,
      done,
      { ...settled, state: "delivered" as const },
      { ...held, state: "released" as const },
    ]) {
      expect(endOf(body)).toBe(retainUntilMs);
    }
    expect(endOf(rejected)).toBe(5_000);
    expect(endOf({ ...rejected, valueUntilMs: 3_000_000 })).toBe(retainUntilMs);
  });
});

describe("what is kept beside a payment", () => {
  it("is a text or nothing; what cannot be read is as if it were not kept", () => {
    expect(keptIn(null)).toStrictEqual({});
    expect(keptIn({ endsAtMs: 1, body: { text: "" } })).toStrictEqual({ kept: "" });
    for (const body of [null, "text", {}, { text: 7 }, []]) {
      expect(keptIn({ endsAtMs: 1, body })).toStrictEqual({});
    }
  });
});

describe("view", () => {
  it("tells a payment's receipt, or why there is none", () => {
    expect(view(settled, "settled", 9, 1)).toStrictEqual({ status: "settled", receipt: "tx" });
    expect(view(settled, "delivered", 9, 1)).toStrictEqual({ status: "delivered", receipt: "tx" });
    expect(view({ ...held, value: "void" }, "expired", 9, 1)).toStrictEqual({ status: "expired", reason: "void" });
    expect(view(settled, "held", 9, 1)).toStrictEqual({ status: "in-progress", retryAfterMs: 499 });
  });

  it("tells an unknown record's evidence only where there is some", () => {
    expect(view({ ...held, state: "unknown" }, "unknown", 9, 1)).toStrictEqual({ status: "unknown" });
    expect(view({ ...held, evidence: "e" }, "unknown", 9, 1)).toStrictEqual({ status: "unknown", evidence: "e" });
  });

  it("never promises a value for longer than its record", () => {
    expect(view(done, "done", 4_000, 1_000)).toMatchObject({ expiresInMs: 3_000 });
    expect(view(done, "done", 9_000, 1_000)).toMatchObject({ expiresInMs: 4_000 });
  });
});
