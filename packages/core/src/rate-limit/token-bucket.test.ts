// Token bucket: GCRA as its definition has it, in BigInt, beside ours.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DURATION_MS } from "../durations.ts";
import type { RateLimitPolicy } from "./rate-limit-store.ts";
import { startMs } from "./testing/arbitraries.ts";
import { simulatedClient } from "./testing/simulated-client.ts";

type TokenBucketPolicy = Extract<RateLimitPolicy, { algorithm: "token-bucket" }> & { windowMs: number; burst: number };

const ceilDiv = (a: bigint, b: bigint) => (a + b - 1n) / b;

/** Policies up to the bounds: 10 units a millisecond, a refill of 100 years. */
const extremes: fc.Arbitrary<TokenBucketPolicy> = fc
  .record({
    windowMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: MAX_DURATION_MS })),
    limit: fc.integer({ min: 1, max: 1_000_000 }),
    burst: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map(({ windowMs, limit, burst }) => {
    const rate = Math.min(limit, 10 * windowMs);
    const most = Math.floor((MAX_DURATION_MS * 1_000) / Math.ceil((windowMs * 1_000) / rate));
    return { algorithm: "token-bucket" as const, windowMs, limit: rate, burst: Math.min(burst, most) };
  });

describe("token bucket", () => {
  it("a changed limit forgives no debt, although its T is rounded otherwise", () => {
    const bucket = (limit: number) => ({ algorithm: "token-bucket" as const, limit, windowMs: 60_000 });
    for (const [before, after] of [
      [7, 10],
      [59_999, 10],
      [7, 600_000],
    ] as const) {
      const client = simulatedClient(startMs);
      client.charge(bucket(before), before);
      client.charge(bucket(before), before);
      expect(client.peek(bucket(after))).toMatchObject({ allowed: false, remaining: 0 });
    }
  });

  it("agrees with the definition in exact arithmetic", () => {
    const calls = fc.array(fc.record({ pause: fc.nat(1_000), cost: fc.nat(1_000), charge: fc.boolean() }), {
      maxLength: 15,
    });
    fc.assert(
      fc.property(extremes, calls, (policy, history) => {
        const client = simulatedClient(startMs);
        const T = ceilDiv(BigInt(policy.windowMs) * 1_000n, BigInt(policy.limit));
        const burst = BigInt(policy.burst);
        const tau = burst * T;
        let tat = 0n;
        for (const { pause, cost: share, charge } of history) {
          // The longest pauses add up to no more than 60 years.
          client.nowMs += Math.floor((pause / 1_000) * Math.min(policy.windowMs, MAX_DURATION_MS / 25));
          const now = BigInt(client.nowMs) * 1_000n;
          tat = tat > now ? tat : now;
          const cost = BigInt(Math.ceil((share / 900) * policy.burst));
          const allowed = cost <= burst && tat + T * cost <= now + tau;
          const decision = charge ? client.charge(policy, Number(cost)) : client.consume(policy, Number(cost));
          expect(decision.allowed).toBe(allowed);
          if (charge) {
            const left = (now + 2n * tau - tat) / T;
            tat += T * (cost < left ? cost : left);
          } else if (allowed) tat += T * cost;
          const free = now + tau - tat;
          expect(BigInt(decision.remaining)).toBe(free > 0n ? free / T : 0n);
          expect(BigInt(decision.resetAfterMs)).toBe(ceilDiv(tat - now, 1_000n));
          if (!allowed && cost <= burst) {
            expect(BigInt(decision.retryAfterMs ?? -1)).toBe(ceilDiv(tat + T * cost - tau - now, 1_000n));
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("gives back one unit at a time, at the rate of limit a window", () => {
    const policy = { algorithm: "token-bucket", limit: 10, windowMs: 1_000 } as const;
    const client = simulatedClient(startMs);
    client.consume(policy, 10);
    const remaining = [0, 99, 100, 199, 200, 999, 1_000].map((ms) => client.peekAt(startMs + ms, policy).remaining);
    expect(remaining).toEqual([0, 0, 1, 1, 2, 9, 10]);
  });

  it("has a receipt of the microseconds taken and the time they end, and gives back what is left of them", () => {
    const policy = { algorithm: "token-bucket", limit: 10, windowMs: 1_000 } as const;
    const client = simulatedClient(startMs);
    const { receipt = "" } = client.consume(policy, 4);
    expect(receipt).toBe(`tb:400000:${(startMs + 400) * 1_000}`);
    client.consume(policy, 6);
    client.nowMs += 150;
    // 250 ms of the receipt's 400 are left; 850 ms of the 1,000 were owed.
    expect(client.refund(policy, receipt).resetAfterMs).toBe(600);
    client.nowMs += 250;
    expect(client.refund(policy, receipt).resetAfterMs).toBe(350);
  });

  it("counts a time more than twice a full refill and one per cent ahead as absent", () => {
    const policy = { algorithm: "token-bucket", limit: 10, windowMs: 1_000 } as const;
    const client = simulatedClient(startMs);
    client.charge(policy, 10);
    client.charge(policy, 10);
    expect(client.peek(policy)).toMatchObject({ allowed: false, retryAfterMs: 1_100, resetAfterMs: 2_000 });
    client.nowMs -= 20;
    expect(client.peek(policy)).toMatchObject({ allowed: false, resetAfterMs: 2_020 });
    client.nowMs -= 1;
    expect(client.peek(policy)).toMatchObject({ allowed: true, remaining: 10, resetAfterMs: 0 });
  });

  it("is exactly monotonic in the limit while limit² <= windowMs * 1000, for every cost above 0", () => {
    const law = fc
      .record({
        windowMs: fc.integer({ min: 1, max: 5_000 }),
        a: fc.nat(),
        b: fc.nat(),
        c: fc.nat(),
        cost: fc.nat(),
        pause: fc.nat(2_000),
      })
      .map(({ windowMs, a, b, c, ...rest }) => {
        const most = Math.min(10 * windowMs, Math.floor(Math.sqrt(windowMs * 1_000)));
        const [low = 1, high = 1] = [1 + (a % most), 1 + (b % most)].sort((x, y) => x - y);
        return { windowMs, low, high, stored: 1 + (c % most), ...rest };
      });
    fc.assert(
      fc.property(law, ({ windowMs, low, high, stored, cost, pause }) => {
        const client = simulatedClient(startMs);
        const at = (limit: number) => ({ algorithm: "token-bucket", limit, windowMs }) as const;
        client.consume(at(stored), 1 + (cost % stored));
        client.nowMs += pause % windowMs;
        const some = 1 + (cost % low);
        if (client.peek(at(low), some).allowed) expect(client.peek(at(high), some).allowed).toBe(true);
        expect(client.peek(at(high)).remaining).toBeGreaterThanOrEqual(client.peek(at(low)).remaining);
      }),
      { numRuns: 3_000 },
    );
  });
});
