// Every interleaving of instances on one client's allowance, and what the explorer makes of deliberate mistakes.
import { describe, expect, test } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import type { RateLimitPolicy } from "../rate-limit/rate-limit-store.ts";
import { type Transitions, transitions } from "../rate-limit/transitions.ts";
import { type RateLimitIntent, rateLimitScenario } from "./rate-limit-scenario.ts";
import { type BudgetPair, counterexample, search, searchTimeoutMs, wayTo } from "./search.ts";

const policies: RateLimitPolicy[] = [
  { algorithm: "fixed-window", limit: 3, windowMs: 1_000 },
  { algorithm: "sliding-window", limit: 3, windowMs: 1_000 },
  { algorithm: "token-bucket", limit: 4, windowMs: 1_000, burst: 3 },
];

const consume = (cost: number): RateLimitIntent => ({ op: "consume", cost });
const charge = (cost: number): RateLimitIntent => ({ op: "charge", cost });
const block = (durationMs: number): RateLimitIntent => ({ op: "block", durationMs });
/** A cost under the larger burst of another instance. */
const wide = (cost: number): RateLimitIntent => ({ op: "consume", cost, burst: 8 });
const refund: RateLimitIntent = { op: "refund" };
const reset: RateLimitIntent = { op: "reset" };

const searches: [string, RateLimitIntent[][], BudgetPair][] = [
  [
    "a refund beside consumes",
    [
      [consume(1), refund, consume(2)],
      [consume(2), consume(1)],
    ],
    [
      [1, 3],
      [2, 4],
    ],
  ],
  [
    "two refunds",
    [
      [consume(1), refund, consume(2)],
      [consume(2), refund, consume(2)],
    ],
    [
      [1, 3],
      [2, 3],
    ],
  ],
  [
    "a debt, two blocks and a reset",
    [
      [charge(4), block(100), consume(1)],
      [block(400), reset, consume(2)],
    ],
    [
      [1, 2],
      [2, 3],
    ],
  ],
  [
    "three instances",
    [[consume(2), refund], [consume(2)], [charge(1), consume(1)]],
    [
      [0, 3],
      [1, 3],
    ],
  ],
];

describe.each(policies)("$algorithm in every interleaving", (policy) => {
  test.each(searches)("%s: as the ledger says", { timeout: searchTimeoutMs }, (name, programs, budgets) => {
    const scenario = rateLimitScenario({ policy, programs });
    expect(search(`${policy.algorithm}, ${name}`, scenario, budgets)).toBeNull();
  });

  test("reaches a cost that is allowed only because another was given back", () => {
    const programs = [[consume(2), refund], [consume(2)]];
    const path = wayTo(
      rateLimitScenario({ policy, programs }),
      { faults: 0, clockSteps: 0 },
      ({ actors, ghost }) =>
        actors.every((actor) => actor?.program.length === 0) &&
        ghost.receipts.length === 1 &&
        ghost.ledger.taken.length === 1,
    );
    expect(path).toContain("B: consume 2 -> allowed, 1 left");
  });
});

test("two bursts on one record, in every interleaving: as the ledger says", { timeout: searchTimeoutMs }, () => {
  const policy: RateLimitPolicy = { algorithm: "token-bucket", limit: 4, windowMs: 1_000, burst: 3 };
  const programs: RateLimitIntent[][] = [
    [consume(2), charge(2), consume(1)],
    [wide(5), refund, wide(3)],
  ];
  const budgets: BudgetPair = [
    [1, 3],
    [2, 4],
  ];
  expect(search("token-bucket, two bursts", rateLimitScenario({ policy, programs }), budgets)).toBeNull();
});

describe("the explorer finds in rate limits", () => {
  const [fixed, , bucket] = policies;
  const found = (policy: RateLimitPolicy | undefined, wrong: Partial<Transitions>, ...programs: RateLimitIntent[][]) =>
    policy === undefined
      ? "no policy"
      : counterexample(rateLimitScenario({ policy, programs, transitions: wrong }), 1, 2);
  const right = transitions["fixed-window"];

  test("a consume that does not see the block", () => {
    const unblocked = (record: StoredRecord | null): StoredRecord | null =>
      JSON.parse(JSON.stringify(record), (name, value) => (name === "blockedUntilMs" ? 0 : value));
    const wrong: Partial<Transitions> = {
      consume: (limit, record, nowMs) => right.consume(limit, unblocked(record), nowMs),
    };
    expect(found(fixed, wrong, [consume(1)], [block(400)])).toMatchInlineSnapshot(`
      "1. B: block 400 -> ok
      2. A: consume 1 -> allowed, 2 left
      => a blocked client was let through
      seed 5.0"
    `);
  });

  test("a consume that takes what it denies", () => {
    const wrong: Partial<Transitions> = {
      consume: (limit, record, nowMs) => ({
        writes: right.charge(limit, record, nowMs).writes ?? [],
        reply: right.consume(limit, record, nowMs).reply,
      }),
    };
    expect(found(fixed, wrong, [consume(2)], [consume(2)])).toMatchInlineSnapshot(`
      "1. A: consume 2 -> allowed, 1 left
      2. B: consume 2 -> denied, 1 left
      => a denied call changed the record
      seed 0.0"
    `);
  });

  test("a refund that gives back to a later window", () => {
    const wrong: Partial<Transitions> = {
      refund: (limit, receipt, record, nowMs) =>
        right.refund(limit, { ...receipt, mark: record?.endsAtMs ?? 0 }, record, nowMs),
    };
    expect(found(fixed, wrong, [consume(1), refund], [consume(2)])).toMatchInlineSnapshot(`
      "1. A: consume 1 -> allowed, 2 left
      2. clock: +700 ms
      3. clock: +300 ms
      4. B: consume 2 -> allowed, 1 left
      5. A: refund fw:1:11300 -> allowed, 2 left
      => 2 remains where 1 is left
      seed 0.10.10.5.0"
    `);
  });

  test("a refund that gives back what has come back by itself", () => {
    const wrong: Partial<Transitions> = {
      refund: (limit, { amount }, record, nowMs) =>
        transitions["token-bucket"].refund(limit, { amount, mark: Number.MAX_SAFE_INTEGER }, record, nowMs),
    };
    expect(found(bucket, wrong, [consume(1), refund], [consume(2)])).toMatchInlineSnapshot(`
      "1. A: consume 1 -> allowed, 2 left
      2. B: consume 2 -> allowed, 0 left
      3. clock: +125 ms
      4. A: refund tb:250000:10550000 -> allowed, 1 left
      5. clock: +125 ms
      => 2 remains where 1 is left
      seed 0.5.5.0.0"
    `);
  });

  test("a consume that takes what a larger burst allowed for a clock's step back", () => {
    const token = transitions["token-bucket"];
    const wrong: Partial<Transitions> = {
      consume: (limit, record, nowMs) => {
        const { resetAfterMs } = token.peek(limit, record, nowMs).reply;
        return token.consume(limit, resetAfterMs * 1_000 > limit.toleranceUs ? null : record, nowMs);
      },
    };
    expect(found(bucket, wrong, [consume(1)], [wide(5)])).toMatchInlineSnapshot(`
      "1. B: consume 5 8 -> allowed, 3 left
      2. A: consume 1 -> allowed, 2 left
      => 1 was allowed where -2 is left
      seed 5.0"
    `);
  });
});
