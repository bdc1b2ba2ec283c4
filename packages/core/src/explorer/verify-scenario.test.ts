// Every interleaving of callers who share one verification, and what the explorer makes of deliberate mistakes.
import { describe, expect, test } from "vitest";
import { complete } from "../verification/end.ts";
import { readBody } from "../verification/verification-record.ts";
import { type BudgetPair, counterexample, search, searchTimeoutMs, wayTo } from "./search.ts";
import { type VerifyOptions, verifyScenario } from "./verify-scenario.ts";

const searches: [string, VerifyOptions, BudgetPair][] = [
  [
    "two callers",
    {},
    [
      [1, 1],
      [2, 2],
    ],
  ],
  [
    "two callers who are told early",
    { early: true },
    [
      [1, 1],
      [2, 2],
    ],
  ],
  [
    "three callers",
    { callers: 3 },
    [
      [0, 1],
      [1, 2],
    ],
  ],
];

test.each(searches)(
  "a shared verification, %s: one at a time, and told as it was said",
  { timeout: searchTimeoutMs },
  (name, options, budgets) => {
    expect(search(`a shared verification, ${name}`, verifyScenario(options), budgets)).toBeNull();
  },
);

test("reaches a caller that learns another's answer after its own lease was lost", () => {
  const path = wayTo(verifyScenario(), { faults: 0, clockSteps: 1 }, ({ actors: [a, b] }) => {
    return a?.told === "accepted" && a.said === "rejected" && b?.said === "accepted";
  });
  expect(path).toMatchInlineSnapshot(`
    "1. A: claim -> claimed
    2. A: verifies: rejected
    3. clock: +1000 ms
    4. A: complete (rejected) -> lost
    5. B: claim -> claimed
    6. B: verifies: accepted
    7. B: complete (accepted) -> ok
    8. A: claim -> done (accepted)
    => reached
    seed 0.1.2.0.1.1.1.0"
  `);
});

describe("the explorer finds in shared verifications", () => {
  test("a completion that ignores the fence", () => {
    const anyone: typeof complete = (record, nowMs, result) => {
      const body = readBody(record);
      const lease = body === null ? result.lease : { ...result.lease, token: body.token, fence: `${body.fence}` };
      return complete(record, nowMs, { ...result, lease });
    };
    const scenario = verifyScenario({ transitions: { complete: anyone } });
    expect(counterexample(scenario, 1, 1)).toContain("=> a past holder's late call changed the record");
  });

  test("an acceptance that is made of a rejection", () => {
    const generous: typeof complete = (record, nowMs, result) =>
      complete(record, nowMs, { ...result, outcome: "accepted" });
    const scenario = verifyScenario({ transitions: { complete: generous } });
    expect(counterexample(scenario, 0, 0)).toContain("=> what no verifier said is on record");
  });
});
