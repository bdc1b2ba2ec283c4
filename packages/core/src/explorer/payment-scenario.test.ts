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
      [1, 2],
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
      5. B: wasRefused -> absent
      6. B: serves
      7. B: switch under fence 2000000 -> ok
      8. B: sends the settlement
      9. ledger: settlement 1 lands
      10. B: hears that it landed
      11. B: complete under fence 2000000 -> ok
      => reached
      seed 0.2.1.0.0.0.0.0.1.1.0"
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
      2. A: serves
      3. A: switch under fence 1000000 -> ok
      4. A: sends the settlement
      5. A: gives up waiting
      6. A: markUnknown under fence 1000000 -> ok
      7. B: claim -> unknown
      8. B: reconcile -> claimed (takeover), fence 1000001
      9. ledger: settlement 1 lands
      10. B: finds the settlement
      11. B: complete under fence 1000001 -> ok
      => reached
      seed 0.0.0.0.0.0.0.0.1.1.1"
    `);
  });

  test("reaches a payment served by whoever found it settled, after its first holder died", () => {
    const path = wayTo(
      paymentScenario({ order: "settle-then-serve", beats: 0 }),
      { faults: 1, clockSteps: 1 },
      ({ actors: [a, b], records }) =>
        a === null && b?.outcome === "fresh" && readBody(records.payment ?? null)?.attempt === 2,
    );
    expect(path).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: switch under fence 1000000 -> ok
      3. A: sends the settlement
      4. A crashes
      5. ledger: settlement 1 lands
      6. clock: +1000 ms
      7. B: claim -> unknown
      8. B: reconcile -> claimed (takeover), fence 2000000
      9. B: finds the settlement
      10. B: serves
      11. B: complete under fence 2000000 -> ok
      => reached
      seed 0.0.0.1.1.1.0.0.0.0.0"
    `);
  });

  test("reaches a second verification, after a refusal", () => {
    const path = wayTo(
      paymentScenario({ beats: 0 }),
      { faults: 0, clockSteps: 0 },
      ({ actors: [a, b] }) => a?.outcome === "rejected" && b?.verified === "again",
    );
    expect(path).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: serves
      3. A: switch under fence 1000000 -> ok
      4. A: sends the settlement
      5. ledger: settlement 1 is dropped
      6. A: hears that it is refused
      7. A: rememberRefusal under fence 1000000 -> claimed (fresh), fence 1000000
      8. A: refuse under fence 1000000 -> ok
      9. B: claim -> claimed (fresh), fence 1000001
      10. B: wasRefused -> in-progress
      11. B: verifies again
      => reached
      seed 0.0.0.0.3.1.0.0.0.0.0"
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
      2. A: serves
      3. A: switch under fence 1000000 -> ok
      4. A: sends the settlement
      5. A: gives up waiting
      6. A: markUnknown under fence 1000000 -> ok
      7. B: claim -> unknown
      8. B: reconcile -> claimed (takeover), fence 1000001
      9. ledger: settlement 1 lands
      10. A: complete under fence 1000000 -> ok
      => a past holder's late call changed the record
      seed 0.0.0.0.0.0.0.0.2.0"
    `);
  });

  test("a release by someone who is not the holder", () => {
    const transitions: PaymentOptions["transitions"] = {
      release: (record, nowMs, lease) => release(record, nowMs, holder(record, lease)),
    };
    expect(counterexample(paymentScenario({ transitions, beats: 0 }), 1, 2)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: fails to serve
      3. A: release under fence 1000000, and a copy is under way -> ok
      4. B: claim -> claimed (fresh), fence 1000001
      5. A's call arrives late: release under fence 1000000 -> ok, unheard
      => a past holder's late call changed the record
      seed 0.1.3.0.1"
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
      2. A: serves
      3. A: switch under fence 1000000 -> ok
      4. clock: +1000 ms
      5. B: claim -> claimed (takeover), fence 2000000
      => an unknown outcome was claimed without being reconciled
      seed 0.0.0.7.2"
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
      2. A: serves
      3. clock: +1000 ms
      4. A: switch under fence 1000000 -> ok
      => a lease that was over was renewed or released
      seed 0.0.10.0"
    `);
  });

  // Found by the explorer in payOnce as it first was.
  test("a reconciler that goes on under the token it claims with", () => {
    const scenario = paymentScenario({ tokens: "one", found: "unknown", beats: 0 });
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

  // The rest was found by reading, at a time when the scenario had no such steps.
  test("a caller that takes its own lost lease for a new one", () => {
    const scenario = paymentScenario({ order: "settle-then-serve", tokens: "two" });
    expect(counterexample(scenario, 1, 2)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: switch under fence 1000000 -> ok
      3. A: sends the settlement
      4. ledger: settlement 1 lands
      5. A: hears that it landed
      6. A: note under fence 1000000 -> ok
      7. clock: +500 ms
      8. A: renew under fence 1000000 -> ok, but the reply is lost
      9. clock: +500 ms
      10. A: sees its lease over
      11. A: claim -> claimed (resume), fence 1000000
      12. A: wasRefused -> absent
      13. A: switch under fence 1000000 -> ok
      14. A: sends the settlement
      => two settlements are under way or done
      seed 0.0.0.11.1.0.12.3.3.0.0.0.0.0"
    `);
  });

  test("a caller that holds its own verification good after somebody else was refused", () => {
    const scenario = paymentScenario({ verifiedFor: "all attempts", beats: 0 });
    expect(counterexample(scenario, 0, 1)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. clock: +1000 ms
      3. A: sees its lease over
      4. B: claim -> claimed (takeover), fence 2000000
      5. B: wasRefused -> absent
      6. B: serves
      7. B: switch under fence 2000000 -> ok
      8. B: sends the settlement
      9. ledger: settlement 1 is dropped
      10. B: hears that it is refused
      11. B: rememberRefusal under fence 2000000 -> claimed (fresh), fence 2000000
      12. B: refuse under fence 2000000 -> ok
      13. A: claim -> claimed (fresh), fence 2000001
      14. A: serves
      => A serves on an acceptance that a refusal has overtaken
      seed 0.3.0.1.1.1.1.1.3.2.1.1.0.0"
    `);
  });

  test("a refusal that is told although the lease was lost", () => {
    expect(counterexample(paymentScenario({ refusedIf: "asked", beats: 0 }), 0, 1)).toMatchInlineSnapshot(`
      "1. A: claim -> claimed (fresh), fence 1000000
      2. A: serves
      3. A: switch under fence 1000000 -> ok
      4. A: sends the settlement
      5. ledger: settlement 1 is dropped
      6. A: hears that it is refused
      7. clock: +1000 ms
      8. B: claim -> unknown
      9. B: reconcile -> claimed (takeover), fence 2000000
      10. B: finds that nothing moved
      11. B: release under fence 2000000 -> ok
      12. B: claim -> claimed (fresh), fence 2000001
      13. B: wasRefused -> absent
      14. A: rememberRefusal under fence 1000000 -> claimed (fresh), fence 2000000
      15. B: serves
      16. B: switch under fence 2000001 -> ok
      17. B: sends the settlement
      18. A: refuse under fence 1000000 -> lost (in-progress)
      => a payment was refused while a settlement of it is under way or done
      seed 0.0.0.0.3.1.2.1.1.1.1.1.1.0.1.1.1.0"
    `);
  });
});
