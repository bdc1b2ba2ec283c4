// Durations: what is accepted, and that nothing else is.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationOption, MAX_DURATION_MS, parseDuration, requireInstantMs } from "./durations.ts";
import { isStoreError } from "./errors.ts";

const refuses = (run: () => unknown) => {
  try {
    run();
    return false;
  } catch (error) {
    return isStoreError(error, "STORE_INVALID_ARGUMENT");
  }
};
const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

describe("parseDuration", () => {
  it("reads every unit exactly, and a number as milliseconds", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.entries(units)),
        fc.integer({ min: 1, max: 36_525 }),
        ([unit, ms], amount) => {
          expect(parseDuration(`${amount}${unit}`)).toBe(amount * ms);
          expect(parseDuration(amount)).toBe(amount);
        },
      ),
    );
    expect(parseDuration(MAX_DURATION_MS)).toBe(MAX_DURATION_MS);
  });

  it("refuses zero, negatives, fractions, other units, blanks, overflow and what is not a number", () => {
    const texts = ["0s", "-1s", "1.5s", "1 s", "1S", "s", "", "1", "1w", "1s1m", "1s\n", "99999999999d", "１s", "1e3s"];
    for (const text of texts) expect(refuses(() => parseDuration(text))).toBe(true);
    const numbers = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_DURATION_MS + 1, 2 ** 53];
    for (const number of numbers) expect(refuses(() => parseDuration(number))).toBe(true);
  });

  it("never echoes the text, and names what was wrong", () => {
    expect(() => parseDuration("secret", "window")).toThrow(/^window must/);
    expect(() => parseDuration("secret", "window")).not.toThrow(/secret/);
  });
});

describe("requireInstantMs", () => {
  it("refuses what is no safe integer, a uint256 among it", () => {
    for (const value of [-1, 1.5, 2 ** 53, Number(2n ** 256n - 1n), Number.NaN, "1", 1n, null]) {
      expect(refuses(() => requireInstantMs(value, "at"))).toBe(true);
    }
    expect(requireInstantMs(0, "at")).toBe(0);
  });
});

describe("durationOption", () => {
  it("reads what parseDuration reads, up to its most, and says that it is a wrong option otherwise", () => {
    expect([durationOption("10s", "leaseMs"), durationOption(10, "leaseMs", 10)]).toEqual([10_000, 10]);
    for (const [value, most] of [[0], ["1w"], [11, 10]] as const) {
      expect(() => durationOption(value, "leaseMs", most)).toThrow(
        expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringMatching(/^leaseMs must/) }),
      );
    }
  });
});
