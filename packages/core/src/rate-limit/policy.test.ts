// What a check may ask for, at and just beyond each bound; and what receipts are accepted.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DURATION_MS } from "../durations.ts";
import { formatReceipt, parseReceipt } from "./algorithm.ts";
import { limitOf, limitReader, limitsReader } from "./policy.ts";
import type { RateLimitPolicy } from "./rate-limit-store.ts";

/** The limit of a check as a caller without types may write it. */
const limitFor = (policy: unknown, rest: object = {}) =>
  limitOf(Object.assign({ route: "", client: "", policy: valid }, { policy }, rest), undefined);

const valid: RateLimitPolicy = { algorithm: "fixed-window", limit: 1, windowMs: 1 };
const refused = { code: "STORE_INVALID_ARGUMENT" };

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return "nothing thrown";
}

describe("limitOf", () => {
  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "5", null, 5n])(
    "refuses %s as cost, limit and burst",
    (bad) => {
      expect(codeOf(() => limitFor(valid, { cost: bad }))).toMatchObject(refused);
      expect(codeOf(() => limitFor({ ...valid, limit: bad }))).toMatchObject(refused);
      const bucket = { algorithm: "token-bucket", limit: 5, windowMs: 1_000, burst: bad };
      expect(codeOf(() => limitFor(bucket))).toMatchObject(refused);
    },
  );

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_DURATION_MS + 1, "60000", undefined])(
    "refuses a window of %s",
    (windowMs) => {
      expect(codeOf(() => limitFor({ ...valid, windowMs }))).toMatchObject(refused);
    },
  );

  it("refuses what is no check", () => {
    for (const bad of [undefined, null, "fixed-window", {}, { algorithm: "leaky-bucket", limit: 1, windowMs: 1 }]) {
      expect(codeOf(() => limitFor(bad))).toMatchObject(refused);
    }
    expect(codeOf(() => limitFor(valid, { route: 7 }))).toMatchObject(refused);
    expect(codeOf(() => limitFor(valid, { client: undefined }))).toMatchObject(refused);
  });

  it.each<[RateLimitPolicy, RateLimitPolicy]>([
    [
      { algorithm: "fixed-window", limit: 2 ** 52 - 1, windowMs: 1 },
      { algorithm: "fixed-window", limit: 2 ** 52, windowMs: 1 },
    ],
    [
      { algorithm: "sliding-window", limit: 2 ** 42 - 1, windowMs: 1_024 },
      { algorithm: "sliding-window", limit: 2 ** 42, windowMs: 1_024 },
    ],
    [
      { algorithm: "token-bucket", limit: 10_000, windowMs: 1_000 },
      { algorithm: "token-bucket", limit: 10_001, windowMs: 1_000 },
    ],
    [
      { algorithm: "token-bucket", limit: 1, windowMs: 1_000, burst: MAX_DURATION_MS / 1_000 },
      { algorithm: "token-bucket", limit: 1, windowMs: 1_000, burst: MAX_DURATION_MS / 1_000 + 1 },
    ],
  ])("accepts %o and refuses %o", (largest, tooLarge) => {
    expect(limitFor(largest).limit).toBe(largest.limit);
    expect(codeOf(() => limitFor(tooLarge))).toMatchObject(refused);
  });

  it("fills in cost, burst and the store's window", () => {
    const check = { route: "", client: "", policy: { algorithm: "token-bucket" as const, limit: 3 } };
    expect(limitOf(check, 1_000)).toEqual({
      algorithm: "token-bucket",
      limit: 3,
      capacity: 3,
      windowMs: 1_000,
      cost: 1,
      intervalUs: 333_334,
      toleranceUs: 1_000_002,
    });
  });

  it("names what is wrong and never what was given", () => {
    expect(
      codeOf(() => limitFor(valid, { cost: -4242, route: "secret-route", client: "secret-client" })),
    ).toMatchObject({
      message: expect.not.stringMatching(/secret|4242/),
    });
  });
});

describe("limitReader and limitsReader", () => {
  it("answer and refuse as limitOf does, whatever came before", () => {
    const checks = fc.record({
      route: fc.constantFrom("r", 1, undefined),
      client: fc.constantFrom("c", null),
      cost: fc.constantFrom(undefined, null, 0, 1, 1.5),
      policy: fc.oneof(
        { weight: 1, arbitrary: fc.constantFrom(null, undefined, "x") },
        {
          weight: 5,
          arbitrary: fc.record({
            algorithm: fc.constantFrom("fixed-window", "sliding-window", "token-bucket", "x"),
            limit: fc.constantFrom(1, 2, "1", Number.NaN),
            windowMs: fc.constantFrom(undefined, null, 1_000, 2_000),
            burst: fc.constantFrom(undefined, null, 1, 2),
          }),
        },
      ),
    });
    const outcome = (read: () => unknown) => {
      try {
        return read();
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(fc.array(checks, { maxLength: 20 }), (all: readonly object[]) => {
        const read = limitReader(2_000);
        const readAt = limitsReader(2_000);
        for (const [at, check] of all.entries()) {
          const given = Object.assign({ route: "", client: "", policy: valid }, check);
          expect(outcome(() => read(given).limit)).toEqual(outcome(() => limitOf(given, 2_000)));
          expect(outcome(() => readAt(given, at % 3))).toEqual(outcome(() => limitOf(given, 2_000)));
        }
      }),
    );
  });
});

describe("receipts", () => {
  it("round-trip", () => {
    expect(parseReceipt("tb", formatReceipt("tb", { amount: 0, mark: Number.MAX_SAFE_INTEGER }))).toEqual({
      amount: 0,
      mark: Number.MAX_SAFE_INTEGER,
    });
  });

  it("are the tag, the amount and the mark in decimal digits", () => {
    const count = fc.oneof(
      fc.maxSafeNat(),
      fc.nat(),
      fc.constantFrom(0, 1e7 - 1, 1e7, 1e8 - 1, 1e8, 1e8 + 1, 17e8, 1_767_225_660_000, Number.MAX_SAFE_INTEGER),
    );
    fc.assert(
      fc.property(fc.constantFrom("fw", "sw", "tb"), count, count, (tag, amount, mark) => {
        expect(formatReceipt(tag, { amount, mark })).toBe([tag, amount, mark].join(":"));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    "",
    "fw",
    "fw:1",
    "fw:1:",
    "fw:-1:1",
    "fw:1:1:1",
    "fw:1.5:1",
    "fw:1:9007199254740992",
    " fw:1:1",
    "sw:1:1",
    7,
    undefined,
  ])("refuse %o for a fixed window", (text) => {
    expect(codeOf(() => parseReceipt("fw", text))).toMatchObject(refused);
  });
});
