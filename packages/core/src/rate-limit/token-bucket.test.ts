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

/** Of two numbers above 0: a divisor of either, often a large one. */
function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}

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

  it("clamps a time further ahead than the record was allowed to be, and writes that for a denied call too", () => {
    const policy = { algorithm: "token-bucket", limit: 10, windowMs: 1_000 } as const;
    const client = simulatedClient(startMs);
    client.charge(policy, 10);
    client.charge(policy, 10);
    expect(client.peek(policy)).toMatchObject({ allowed: false, retryAfterMs: 1_100, resetAfterMs: 2_000 });
    for (const backMs of [1, 31_536_000_000]) {
      client.nowMs -= backMs;
      expect(client.peek(policy)).toMatchObject({ allowed: false, retryAfterMs: 1_100, resetAfterMs: 2_000 });
    }
    client.consume(policy);
    client.nowMs += 1_099;
    expect(client.consume(policy)).toMatchObject({ allowed: false, retryAfterMs: 1 });
    client.nowMs += 1;
    expect(client.consume(policy)).toMatchObject({ allowed: true, remaining: 0 });
  });

  it("a refund and a block keep how far ahead the record was allowed to be", () => {
    const policy = { algorithm: "token-bucket", limit: 10, windowMs: 1_000 } as const;
    const client = simulatedClient(startMs);
    client.charge(policy, 10);
    const { receipt = "" } = client.charge(policy, 5);
    client.refund(policy, receipt);
    client.block(policy, 10);
    expect(client.record()?.body).toMatchObject({
      state: { tatUs: (startMs + 1_000) * 1_000, aheadUs: 1_500_000 },
    });
  });

  it("what a larger burst allowed stands under a smaller one, which finds the client exhausted", () => {
    const bucket = (burst: number) => ({ algorithm: "token-bucket", limit: 10, windowMs: 60_000, burst }) as const;
    const client = simulatedClient(startMs);
    let admitted = 0;
    for (let call = 0; call < 200; call += 1) {
      if (client.consume(bucket(call % 2 === 0 ? 10 : 100)).allowed) admitted += 1;
    }
    expect(admitted).toBe(100);
    // 90 of the 100 must come back, and one for the call itself, each in 6 seconds.
    expect(client.consume(bucket(10))).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 91 * 6_000 });
    client.nowMs += 91 * 6_000 - 1;
    expect(client.consume(bucket(10)).allowed).toBe(false);
    client.nowMs += 1;
    expect(client.consume(bucket(10)).allowed).toBe(true);
  });

  // Stricter by less than `limit` microseconds for the burst, which one unit of the difference in T must outweigh.
  it("raised from a limit that divides the window or whose cube is within it, denies nothing it allowed", () => {
    const law = fc
      .record({ windowMs: fc.integer({ min: 1, max: 5_000 }), a: fc.nat(), b: fc.nat(), c: fc.nat() })
      .chain(({ windowMs, a, b, c }) => {
        const windowUs = windowMs * 1_000;
        const most = 10 * windowMs;
        const divisor = greatestCommonDivisor(windowUs, 1 + a);
        const low =
          a % 2 === 0 && divisor <= most ? divisor : 1 + (a % Math.min(most, Math.floor(Math.cbrt(windowUs))));
        const high = low + (b % (most - low + 1));
        return fc
          .record({ cost: fc.nat(), pause: fc.nat() })
          .map((rest) => ({ ...rest, windowMs, low, high, stored: 1 + (c % most) }));
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

  it("raised from any limit, denies nothing for longer than `limit` microseconds", () => {
    const at = (limit: number) => ({ algorithm: "token-bucket", limit, windowMs: 4_992 }) as const;
    const client = simulatedClient(startMs);
    client.consume(at(1));
    client.nowMs += 10;
    expect([client.peek(at(1_746)).remaining, client.peek(at(1_747)).remaining]).toEqual([4, 3]);
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.nat(5_000),
        fc.nat(49_919),
        fc.nat(49_919),
        fc.nat(),
        (stored, pause, a, b, cost) => {
          const owing = simulatedClient(startMs);
          owing.consume(at(1 + stored), 1 + (cost % (1 + stored)));
          owing.nowMs += pause;
          const [low, high] = [1 + Math.min(a, b), 1 + Math.max(a, b)];
          const some = 1 + (cost % low);
          const later = owing.nowMs + Math.ceil(low / 1_000);
          if (owing.peek(at(low), some).allowed) expect(owing.peekAt(later, at(high), some).allowed).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
