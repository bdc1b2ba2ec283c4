// A limit that changes while a client's record lives, and limits that let nothing through.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { histories, instants, play, policies, startMs } from "./testing/arbitraries.ts";
import { simulatedClient } from "./testing/simulated-client.ts";

describe("a limit changed in mid-window", () => {
  const changes = fc.record({ low: fc.integer({ min: 1, max: 40 }), more: fc.integer({ min: 1, max: 40 }) });

  it("never denies at the higher limit what the lower one admits", () => {
    fc.assert(
      fc.property(
        policies(),
        instants,
        histories("consume"),
        changes,
        fc.integer({ min: 1, max: 40 }),
        ({ algorithm, limit, windowMs }, start, history, { low, more }, cost) => {
          // Where T's rounding to whole microseconds cannot show.
          if (algorithm === "token-bucket") windowMs = Math.max(windowMs, 8);
          const client = simulatedClient(start);
          play(client, { algorithm, limit, windowMs }, history);
          const lower = client.peek({ algorithm, limit: low, windowMs }, cost);
          const higher = client.peek({ algorithm, limit: low + more, windowMs }, cost);
          if (lower.allowed) expect(higher.allowed).toBe(true);
          expect(higher.remaining).toBeGreaterThanOrEqual(lower.remaining);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("lowered, gives nothing back by a charge", () => {
    fc.assert(
      fc.property(policies(), instants, changes, (policy, start, { low }) => {
        const { algorithm, limit, windowMs } = policy;
        if (low > limit || algorithm === "token-bucket") return;
        const client = simulatedClient(start);
        client.charge({ algorithm, limit, windowMs }, limit);
        client.charge({ algorithm, limit, windowMs }, limit);
        const owed = client.record();
        client.charge({ algorithm, limit: low, windowMs }, 1);
        if (low < limit) expect(client.record()).toBe(owed);
      }),
    );
  });
});

describe("a limit of nothing", () => {
  it.each([
    { algorithm: "fixed-window", limit: 0, windowMs: 1_000 },
    { algorithm: "sliding-window", limit: 0, windowMs: 1_000 },
    { algorithm: "token-bucket", limit: 0, windowMs: 1_000 },
    { algorithm: "token-bucket", limit: 5, windowMs: 1_000, burst: 0 },
  ] as const)("denies everything with finite numbers: $algorithm, limit $limit, burst $burst", (policy) => {
    const client = simulatedClient(startMs);
    const denied = {
      allowed: false,
      limit: policy.limit,
      remaining: 0,
      retryAfterMs: null,
      resetAfterMs: 0,
      source: "store",
    };
    for (const cost of [0, 1, 5]) {
      expect(client.peek(policy, cost)).toEqual(denied);
      expect(client.consume(policy, cost)).toEqual(denied);
      expect(client.charge(policy, cost)).toEqual(denied);
    }
    expect(client.record()).toBeNull();
    client.block(policy, 500);
    expect(client.peek(policy)).toEqual(denied);
    expect(client.record()).toMatchObject({ endsAtMs: startMs + 500, body: { pinned: true } });
  });

  it.each(["fixed-window", "sliding-window", "token-bucket"] as const)("still takes back a refund: %s", (algorithm) => {
    const client = simulatedClient(startMs);
    const { receipt = "" } = client.consume({ algorithm, limit: 5, windowMs: 1_000 }, 2);
    client.consume({ algorithm, limit: 5, windowMs: 1_000 }, 1);
    client.refund({ algorithm, limit: 0, windowMs: 1_000 }, receipt);
    expect(client.record()?.body).toMatchObject({ pinned: true });
    expect(client.peek({ algorithm, limit: 5, windowMs: 1_000 }).remaining).toBe(4);
  });
});
