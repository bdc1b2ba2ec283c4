// Every interleaving of callers of payOnce for one payment, and what the explorer makes of deliberate mistakes.
import { describe, expect, test } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { claim } from "../verification/claim.ts";
import { complete, release } from "../verification/end.ts";
import { renew } from "../verification/hold.ts";
import { phaseOf, readBody } from "../verification/verification-record.ts";
import type { Lease } from "../verification/verification-store.ts";
import { type PaymentOptions, paymentScenario } from "./payment-scenario.ts";
import { type BudgetPair, counterexample, long, search, searchTimeoutMs, wayTo } from "./search.ts";

const orders = ["serve-then-settle", "settle-then-serve"] as const;

const searches: [string, PaymentOptions, BudgetPair][] = [
  [
    "two callers",
    { attempts: 1, beats: 0 },
    [
      [2, 2],
      [2, 3],
    ],
  ],
  [
    "two callers who renew",
    { attempts: long ? 2 : 1, beats: 1 },
    [
      [1, 2],
      [1, 3],
    ],
  ],
  [
    "two callers who meet an unknown outcome",
    { found: "unknown", beats: 0 },
    [
      [1, 1],
      [2, 2],
    ],
  ],
  [
    "three callers",
    { callers: 3, attempts: 1, beats: 0 },
    [
      [0, 2],
      [1, 2],
    ],
  ],
];

describe.each(orders)("payOnce in every interleaving, %s", (order) => {
  test.each(searches)(
    "%s: one holder, one settlement, one fresh answer",
    { timeout: searchTimeoutMs },
    (name, options, budgets) => {
      expect(search(`payOnce, ${order}, ${name}`, paymentScenario({ ...options, order }), budgets)).toBeNull();
    },
  );
});

describe("the payment scenario", () => {
  test("reaches a takeover that ends fresh, after a crash in mid-attempt", () => {
    const path = wayTo(
      paymentScenario({ attempts: 1, beats: 0 }),
      { faults: 1, clockSteps: 1 },
      ({ actors: [a, b], records }) =>
        a === null && b?.outcome === "fresh" && readBody(records.payment ?? null)?.attempt === 2,
    );
    expect(path).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A crashes
      3. clock: +1000 ms
      4. B: claim -> claimed (takeover), fence 2000000
      5. B: switch under fence 2000000 -> ok
      6. B: sends the settlement
      7. ledger: settlement 1 lands
      8. B: hears that it landed
      9. B: complete under fence 2000000 -> ok
      => reached
      seed 0.4.1.0.0.0.1.1.0"
    `);
  });

  test("reaches a payment reconciled by another caller, whose first holder is late", () => {
    const path = wayTo(
      paymentScenario({ beats: 0 }),
      { faults: 0, clockSteps: 1 },
      ({ actors: [a, b] }) => a?.at === "completeLate" && b?.outcome === "paid",
    );
    expect(path).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: switch under fence 1000000 -> ok
      3. A: sends the settlement
      4. A: gives up waiting
      5. A: markUnknown under fence 1000000 -> ok
      6. B: claim -> unknown
      7. B: reconcile -> claimed (takeover), fence 1000001
      8. ledger: settlement 1 lands
      9. B: finds the settlement
      10. B: complete under fence 1000001 -> ok
      => reached
      seed 0.0.0.0.0.0.0.1.1.1"
    `);
  });
});

/** Whoever holds the record now: what a transition sees that does not ask who is calling. */
function holder(record: StoredRecord | null, lease: Lease): Lease {
  const body = readBody(record);
  return body === null ? lease : { ...lease, token: body.token, fence: String(body.fence) };
}

describe("the explorer finds in payments", () => {
  test("a complete that ignores the fence", () => {
    const transitions: PaymentOptions["transitions"] = {
      complete: (record, nowMs, result) => complete(record, nowMs, { ...result, lease: holder(record, result.lease) }),
    };
    expect(counterexample(paymentScenario({ transitions, beats: 0 }), 1, 2)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: switch under fence 1000000 -> ok
      3. A: sends the settlement
      4. A: gives up waiting
      5. A: markUnknown under fence 1000000 -> ok
      6. B: claim -> unknown
      7. B: reconcile -> claimed (takeover), fence 1000001
      8. ledger: settlement 1 lands
      9. A: complete under fence 1000000 -> ok
      => a past holder's late call changed the record
      seed 0.0.0.0.0.0.0.2.0"
    `);
  });

  test("a release by someone who is not the holder", () => {
    const transitions: PaymentOptions["transitions"] = {
      release: (record, nowMs, lease) => release(record, nowMs, holder(record, lease)),
    };
    expect(counterexample(paymentScenario({ transitions, beats: 0 }), 1, 2)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: switch under fence 1000000 -> error, the call is delayed
      3. clock: +1000 ms
      4. B: claim -> claimed (takeover), fence 2000000
      5. A: release under fence 1000000 -> ok
      => a past holder's late call changed the record
      seed 0.2.3.1.0"
    `);
  });

  test("a claim that takes over an unknown outcome", () => {
    const transitions: PaymentOptions["transitions"] = {
      claim(record, nowMs, request) {
        const body = readBody(record);
        if (record === null || body === null || phaseOf(body, nowMs) !== "unknown")
          return claim(record, nowMs, request);
        const lapsed = { ...body, state: "in-progress", onLeaseExpiry: "retry", leaseUntilMs: nowMs };
        return claim({ ...record, body: lapsed }, nowMs, request);
      },
    };
    expect(counterexample(paymentScenario({ transitions, beats: 0 }), 1, 2)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: switch under fence 1000000 -> ok
      3. clock: +1000 ms
      4. B: claim -> claimed (takeover), fence 2000000
      => an unknown outcome was claimed without being reconciled
      seed 0.0.7.2"
    `);
  });

  test("a renewal of a lease that is over", () => {
    const transitions: PaymentOptions["transitions"] = {
      renew(record, nowMs, request) {
        const body = readBody(record);
        if (record === null || body?.state !== "in-progress") return renew(record, nowMs, request);
        return renew({ ...record, body: { ...body, leaseUntilMs: nowMs + 1 } }, nowMs, {
          ...request,
          lease: holder(record, request.lease),
        });
      },
    };
    expect(counterexample(paymentScenario({ transitions, beats: 0 }), 1, 2)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. clock: +1000 ms
      3. A: switch under fence 1000000 -> ok
      => a lease that was over was renewed or released
      seed 0.10.0"
    `);
  });

  // Found by the explorer in payOnce as it first was.
  test("a reconciler that goes on under the token it claims with", () => {
    const scenario = paymentScenario({ reconcilesAs: "itself", found: "unknown", beats: 0 });
    expect(counterexample(scenario, 1, 1)).toMatchInlineSnapshot(`
      "1. A: claim -> unknown
      2. A: reconcile -> claimed (takeover), fence 1000000
      3. ledger: settlement 1 is dropped
      4. A: finds that nothing moved
      5. A: release under fence 1000000 -> error, the call is delayed
      6. A: claim -> claimed (resume), fence 1000000
      7. A's call arrives late: release under fence 1000000 -> ok, unheard
      8. B: claim -> claimed (fresh), fence 1000001
      => A and B both believe to hold the lease
      seed 0.0.8.0.2.0.2.1"
    `);
  });
});
