// What counts as a verification record, and who its last holder is.
import { describe, expect, it } from "vitest";
import { isLastHolder, phaseOf, readBody, type VerificationBody, view } from "./verification-record.ts";

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
const without = (body: VerificationBody, name: keyof VerificationBody) =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));

describe("readBody", () => {
  it("takes every state", () => {
    const states = [held, done, { ...done, state: "rejected" }, { ...held, state: "unknown" }];
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
    ] as const) {
      expect(() => readBody({ endsAtMs: 1, body: without(held, name) })).toThrow(/record cannot be read; it was kept/);
    }
    for (const name of ["value", "valueUntilMs"] as const) {
      expect(() => readBody({ endsAtMs: 1, body: without(done, name) })).toThrow(/record cannot be read/);
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
});

describe("view", () => {
  it("tells an unknown record's evidence only where there is some", () => {
    expect(view({ ...held, state: "unknown" }, "unknown", 9, 1)).toStrictEqual({ status: "unknown" });
    expect(view({ ...held, evidence: "e" }, "unknown", 9, 1)).toStrictEqual({ status: "unknown", evidence: "e" });
  });

  it("never promises a value for longer than its record", () => {
    expect(view(done, "done", 4_000, 1_000)).toMatchObject({ expiresInMs: 3_000 });
    expect(view(done, "done", 9_000, 1_000)).toMatchObject({ expiresInMs: 4_000 });
  });
});
