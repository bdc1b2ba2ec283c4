// The plan of the chaos run: the same from the same seed, plain data, and of every fault at every point.
import { describe, expect, it } from "vitest";
import { planOf } from "./plan.ts";
import { points } from "./points.ts";

const plan = planOf(1, 1_000);
const strikes = plan.flatMap((payment) => payment.strikes);

describe("the plan", () => {
  it("is plain data that depends on the seed alone", () => {
    expect(planOf(1, 1_000)).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(planOf(2, 1_000)).not.toEqual(plan);
  });

  it.each(["kill", "stop", "abort", "cut", "lose reply"] as const)(
    "has in 1,000 payments, at every point: %s",
    (fault) => {
      const without = points.filter((at) => strikes.filter((one) => one.at === at && one.fault === fault).length < 3);
      expect(without).toEqual([]);
    },
  );

  it("has in 1,000 payments every other fault", () => {
    const others = [
      "restart redis",
      "lose transfer",
      "slow transfer",
      "refuse transfer",
      "verify later",
      "serve fails",
    ];
    for (const other of others) expect(strikes.filter(({ fault }) => fault === other).length, other).toBeGreaterThan(9);
  });

  it.each([
    ["without keep", ({ keep }) => keep === "no keep"],
    ["with results too large to keep", ({ keep }) => keep === "too large"],
    ["without a collector", ({ collector }) => !collector],
    ["on a ledger that takes an authorization once", ({ ledger }) => ledger === "moves once"],
    ["from two payers at once", ({ payers }) => payers === 2],
  ] satisfies [string, (payment: (typeof plan)[number]) => boolean][])("has a share of payments %s", (_, is) => {
    expect(plan.filter(is).length).toBeGreaterThan(100);
    expect(plan.filter(is).length).toBeLessThan(500);
  });
});
