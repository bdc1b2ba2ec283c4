// From a script's reply to decisions: merged calls one after the other, and nothing allowed that the script did not take.
import { isStoreError } from "@tollbooth-stores/core";
import type { Limit } from "@tollbooth-stores/core/native";
import { describe, expect, it } from "vitest";
import { playCalls } from "./limit-replies.ts";

const NOW_MS = 1_700_000_000_000;
const END_MS = NOW_MS + 60_000;
const limit: Limit = {
  ...{ algorithm: "fixed-window", limit: 5, capacity: 5, windowMs: 60_000, cost: 2, intervalUs: 0, toleranceUs: 0 },
};
const callers = (...times: number[]) => new Map(times.map((count, index) => [`key ${index}`, Array(count).fill(0)]));

describe("playCalls", () => {
  it("gives merged calls what each would have got in turn", () => {
    const [first, second] = playCalls("consume", limit, callers(3, 1), [NOW_MS, 6, [null, `100001${END_MS}`]]);
    expect(first?.decisions.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 3],
      [true, 1],
      [false, 1],
    ]);
    expect(second?.decisions.map(({ remaining, receipt }) => [remaining, receipt])).toEqual([[2, `fw:2:${END_MS}`]]);
  });

  it("adds up what charges took, in units also for a token bucket", () => {
    const bucket: Limit = { ...limit, algorithm: "token-bucket", intervalUs: 12_000_000, toleranceUs: 60_000_000 };
    expect(playCalls("charge", bucket, callers(2), [NOW_MS, 4, [null]])[0]?.decisions).toHaveLength(2);
    // Down to minus the capacity: 10 units at most.
    expect(playCalls("charge", limit, callers(9), [NOW_MS, 10, [null]])[0]?.decisions.at(-1)?.remaining).toBe(0);
  });

  it("allows nothing where the script took more or less", () => {
    for (const total of [0, 2, 6]) {
      expect(() => playCalls("consume", limit, callers(2), [NOW_MS, total, [null]])).toThrow("in no known form");
    }
  });

  it("takes no reply of another form", () => {
    for (const reply of [null, [], [NOW_MS], ["x", 0, []], [NOW_MS, 0, [7]], [NOW_MS, 0, []], [1.5, 0, [null]]]) {
      expect(() => playCalls("peek", limit, callers(1), reply), JSON.stringify(reply)).toThrow("in no known form");
    }
  });

  it("fails alone where a record cannot be read, whatever the script said of it", () => {
    for (const text of ["!CORRUPT", "", "x", "1", "100001", `1-0001${END_MS}`, "1b12", `200001${END_MS}`]) {
      const [broken, sound] = playCalls("consume", limit, callers(1, 1), [NOW_MS, 2, [text, null]]);
      expect(isStoreError(broken?.error, "STORE_CORRUPT"), text).toBe(true);
      expect(broken?.decisions).toEqual([]);
      expect(sound?.decisions[0]?.allowed).toBe(true);
    }
    const [refused] = playCalls("consume", limit, callers(1), [NOW_MS, 0, ["!OOM command not allowed"]]);
    expect(isStoreError(refused?.error, "STORE_UNAVAILABLE")).toBe(true);
  });
});
