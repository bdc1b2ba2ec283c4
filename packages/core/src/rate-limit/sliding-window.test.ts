// Sliding window: a naive model in BigInt that searches where the algorithm computes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs } from "./testing/arbitraries.ts";
import { simulatedClient } from "./testing/simulated-client.ts";

const policy = (limit: number, windowMs: number) => ({ algorithm: "sliding-window", limit, windowMs }) as const;

/** Counts per window, kept for ever, weighed in exact arithmetic. */
function naiveModel(windowMs: number) {
  const taken = new Map<number, number>();
  const usedAt = (nowMs: number) => {
    const index = Math.floor(nowMs / windowMs);
    const left = BigInt(windowMs) - (BigInt(nowMs) - BigInt(index) * BigInt(windowMs));
    const product = BigInt(taken.get(index - 1) ?? 0) * left;
    const weighted = (product + BigInt(windowMs) - 1n) / BigInt(windowMs);
    return (taken.get(index) ?? 0) + Number(weighted);
  };
  return {
    usedAt,
    take(nowMs: number, cost: number) {
      const index = Math.floor(nowMs / windowMs);
      taken.set(index, (taken.get(index) ?? 0) + cost);
    },
    /** The first of the coming milliseconds at which `fits` holds. */
    search(nowMs: number, fits: (used: number) => boolean) {
      let atMs = nowMs;
      while (!fits(usedAt(atMs))) atMs += 1;
      return atMs - nowMs;
    },
  };
}

describe("sliding window", () => {
  it("agrees with the naive model on every decision, wait and reset", () => {
    const calls = fc.array(fc.record({ pause: fc.nat(60), cost: fc.nat(9), charge: fc.boolean() }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 40 }),
        calls,
        (limit, windowMs, history) => {
          const client = simulatedClient(startMs);
          const model = naiveModel(windowMs);
          for (const { pause, cost, charge } of history) {
            client.nowMs += pause;
            const { nowMs } = client;
            const left = limit - model.usedAt(nowMs);
            const decision = charge
              ? client.charge(policy(limit, windowMs), cost)
              : client.consume(policy(limit, windowMs), cost);
            expect(decision.allowed).toBe(cost <= left);
            if (charge) model.take(nowMs, Math.max(0, Math.min(cost, left + limit)));
            else if (cost <= left) model.take(nowMs, cost);
            expect(decision.remaining).toBe(Math.max(0, limit - model.usedAt(nowMs)));
            expect(decision.resetAfterMs).toBe(model.search(nowMs, (used) => used === 0));
            if (decision.allowed) expect(decision.retryAfterMs).toBe(0);
            else if (cost > limit) expect(decision.retryAfterMs).toBeNull();
            else expect(decision.retryAfterMs).toBe(model.search(nowMs, (used) => used + cost <= limit));
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("stays exact at the largest limit a window allows", () => {
    const windowMs = 86_400_000;
    const limit = Math.floor(Number.MAX_SAFE_INTEGER / 2 / windowMs);
    fc.assert(
      fc.property(
        fc.nat(limit),
        fc.nat(limit),
        fc.nat(2 * windowMs - 1),
        fc.nat(limit),
        (first, second, pause, cost) => {
          const client = simulatedClient(startMs);
          const model = naiveModel(windowMs);
          for (const taken of [first, second]) {
            const { receipt } = client.charge(policy(limit, windowMs), taken);
            model.take(client.nowMs, Number(receipt?.split(":")[1] ?? 0));
          }
          client.nowMs += pause;
          const used = model.usedAt(client.nowMs);
          const { allowed, retryAfterMs } = client.peek(policy(limit, windowMs), cost);
          expect(allowed).toBe(used + cost <= limit);
          const at = client.nowMs + (retryAfterMs ?? 0);
          expect(model.usedAt(at) + cost).toBeLessThanOrEqual(limit);
          if (!allowed) expect(model.usedAt(at - 1) + cost).toBeGreaterThan(limit);
        },
      ),
    );
  });

  it("still counts the previous window at 1.99 windows and no more at 2", () => {
    const client = simulatedClient(startMs);
    client.consume(policy(100, 1_000), 100);
    expect(client.peekAt(startMs + 1_990, policy(100, 1_000))).toMatchObject({ remaining: 99, resetAfterMs: 10 });
    expect(client.peekAt(startMs + 2_000, policy(100, 1_000))).toMatchObject({ remaining: 100, resetAfterMs: 0 });
  });

  it("has a receipt of cost and window, good only while that window runs", () => {
    const client = simulatedClient(startMs + 400);
    const { receipt = "" } = client.consume(policy(5, 1_000), 2);
    expect(receipt).toBe(`sw:2:${startMs / 1_000}`);
    client.nowMs = startMs + 1_000;
    expect(client.refund(policy(5, 1_000), receipt).remaining).toBe(3);
    client.nowMs = startMs + 999;
    expect(client.refund(policy(5, 1_000), receipt).remaining).toBe(5);
  });

  it("keeps the window before the current one when a refund empties the current", () => {
    const client = simulatedClient(startMs);
    client.consume(policy(10, 1_000), 10);
    client.nowMs += 1_500;
    const { receipt = "" } = client.consume(policy(10, 1_000), 3);
    expect(client.refund(policy(10, 1_000), receipt)).toMatchObject({ remaining: 5, resetAfterMs: 500 });
    expect(client.record()).toMatchObject({ endsAtMs: startMs + 2_000 });
  });

  it("after a step back counts all that was taken in the window that runs now, up to a full debt", () => {
    const client = simulatedClient(startMs);
    client.consume(policy(10, 1_000), 4);
    client.nowMs += 1_500;
    client.consume(policy(10, 1_000), 3);
    for (const backMs of [501, 1_000, 31_536_000_000]) {
      client.nowMs -= backMs;
      expect(client.peek(policy(10, 1_000))).toMatchObject({ remaining: 3 });
    }
    expect(client.consume(policy(10, 1_000), 4)).toMatchObject({ allowed: false, remaining: 3 });
    const index = Math.floor(client.nowMs / 1_000);
    expect(client.record()?.body).toMatchObject({ state: { index, current: 7, previous: 0 } });

    const debtor = simulatedClient(startMs + 999);
    debtor.charge(policy(10, 1_000), 10);
    debtor.charge(policy(10, 1_000), 10);
    debtor.nowMs += 600;
    debtor.charge(policy(10, 1_000), 10);
    debtor.nowMs -= 700;
    debtor.charge(policy(10, 1_000), 10);
    expect(debtor.record()?.body).toMatchObject({ state: { current: 20, previous: 0 } });
    expect(debtor.peek(policy(3, 1_000)).remaining).toBe(0);
  });

  it("after a step back keeps counts that are above a lowered limit's full debt", () => {
    const stored = {
      endsAtMs: startMs + 2_000,
      body: { state: { index: startMs / 1_000, current: 9, previous: 8 }, pinned: true },
    };
    const client = simulatedClient(startMs - 1, stored);
    client.consume(policy(3, 1_000));
    expect(client.record()?.body).toMatchObject({ state: { index: startMs / 1_000 - 1, current: 9, previous: 0 } });
  });

  it("a step of two milliseconds back over a border gives no second limit", () => {
    const client = simulatedClient(startMs + 1);
    client.consume(policy(10, 1_000), 10);
    client.nowMs -= 2;
    expect(client.consume(policy(10, 1_000))).toMatchObject({ allowed: false, remaining: 0 });
    client.nowMs += 2;
    expect(client.consume(policy(10, 1_000))).toMatchObject({ allowed: false, remaining: 0 });
  });
});
