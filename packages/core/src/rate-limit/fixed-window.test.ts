// Fixed window: its window, and a naive model beside it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs } from "./testing/arbitraries.ts";
import { simulatedClient } from "./testing/simulated-client.ts";

const policy = { algorithm: "fixed-window", limit: 3, windowMs: 1_000 } as const;

describe("fixed window", () => {
  it("runs from the client's first taken request; its end stays where it is", () => {
    const client = simulatedClient(startMs + 123);
    client.consume(policy, 4);
    client.nowMs += 50;
    const ends = [1, 1, 1, 1].map((cost) => {
      client.nowMs += 100;
      return client.nowMs + client.consume(policy, cost).resetAfterMs;
    });
    expect(new Set(ends)).toEqual(new Set([startMs + 273 + 1_000]));
  });

  it("has a receipt of cost and end, good only for that window", () => {
    const client = simulatedClient(startMs);
    const { receipt = "" } = client.consume(policy, 2);
    expect(receipt).toBe(`fw:2:${startMs + 1_000}`);
    client.nowMs += 1_001;
    client.consume(policy, 3);
    expect(client.refund(policy, receipt)).toMatchObject({ allowed: false, remaining: 0 });
  });

  it("stands where it ends two windows from now; further ahead it is clamped to one, its count kept, until it is over", () => {
    const client = simulatedClient(startMs);
    client.consume(policy, 3);
    client.nowMs = startMs - 1_000;
    expect(client.peek(policy)).toMatchObject({ allowed: false, retryAfterMs: 2_000 });
    client.nowMs -= 1;
    expect(client.peek(policy)).toMatchObject({ allowed: false, retryAfterMs: 1_000 });
    expect(client.consume(policy)).toMatchObject({ allowed: false, retryAfterMs: 1_000 });
    expect(client.record()).toMatchObject({ endsAtMs: startMs - 1, body: { state: { count: 3 }, pinned: true } });
    client.nowMs += 999;
    expect(client.consume(policy)).toMatchObject({ allowed: false, retryAfterMs: 1 });
    client.nowMs += 1;
    expect(client.consume(policy)).toMatchObject({ allowed: true, remaining: 2 });
  });

  it("is over at its end also where a block keeps the record: a charge then opens the next", () => {
    const client = simulatedClient(startMs);
    client.consume(policy, 3);
    client.block(policy, 5_000);
    client.nowMs += 1_000;
    client.charge(policy, 2);
    expect(client.record()?.body).toMatchObject({ state: { count: 2, endMs: startMs + 2_000 } });
  });

  it("counts exactly up to the largest limit", () => {
    const limit = (Number.MAX_SAFE_INTEGER - 1) / 2;
    const large = { algorithm: "fixed-window", limit, windowMs: 1_000 } as const;
    const client = simulatedClient(startMs);
    expect(client.charge(large, limit).remaining).toBe(0);
    expect(client.charge(large, 1).allowed).toBe(false);
    client.charge(large, limit);
    expect(client.record()?.body).toMatchObject({ state: { count: 2 * limit } });
    expect(client.peek(large, 0)).toMatchObject({ allowed: false, retryAfterMs: 1_000 });
  });

  it("agrees with a list of what was taken and when", () => {
    const calls = fc.array(fc.record({ pauseMs: fc.nat(1_200), cost: fc.integer({ min: 0, max: 4 }) }));
    fc.assert(
      fc.property(calls, (history) => {
        const client = simulatedClient(startMs);
        let taken: number[] = [];
        let endMs = 0;
        for (const { pauseMs, cost } of history) {
          client.nowMs += pauseMs;
          if (client.nowMs >= endMs) taken = [];
          const used = taken.reduce((sum, one) => sum + one, 0);
          const allowed = used + cost <= 3;
          const decision = client.consume(policy, cost);
          expect(decision.allowed).toBe(allowed);
          if (allowed && cost > 0) {
            if (taken.length === 0) endMs = client.nowMs + 1_000;
            taken.push(cost);
          }
          expect(decision.resetAfterMs).toBe(taken.length === 0 ? 0 : endMs - client.nowMs);
        }
      }),
    );
  });
});
