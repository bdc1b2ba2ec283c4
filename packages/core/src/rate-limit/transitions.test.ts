// What holds for every algorithm after any history of calls.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RateLimitPolicy } from "./rate-limit-store.ts";
import { isEvictable } from "./record.ts";
import { type Call, capacityOf, histories, instants, play, policies, startMs } from "./testing/arbitraries.ts";
import { type SimulatedClient, simulatedClient } from "./testing/simulated-client.ts";

const anyHistory = histories("consume", "consume", "charge", "refund", "block");

/** Checks `law` on a client after any history. */
function holds(
  law: (client: SimulatedClient, policy: RateLimitPolicy & { windowMs: number }, cost: number) => void,
  calls: fc.Arbitrary<Call[]> = anyHistory,
): void {
  fc.assert(
    fc.property(policies(), instants, calls, fc.nat(70), (policy, start, history, cost) => {
      const client = simulatedClient(start);
      play(client, policy, history);
      law(client, policy, cost);
    }),
    { numRuns: 500 },
  );
}

describe("after any history", () => {
  it("a cost is admitted at retryAfterMs and not a millisecond earlier", () => {
    holds((client, policy, cost) => {
      const { allowed, retryAfterMs } = client.peek(policy, cost);
      expect(retryAfterMs === 0).toBe(allowed);
      expect(retryAfterMs === null).toBe(cost > capacityOf(policy));
      if (retryAfterMs === null || retryAfterMs === 0) return;
      expect(client.peekAt(client.nowMs + retryAfterMs, policy, cost).allowed).toBe(true);
      expect(client.peekAt(client.nowMs + retryAfterMs - 1, policy, cost).allowed).toBe(false);
    });
  });

  it("the client equals one never seen at resetAfterMs and not a millisecond earlier", () => {
    holds((client, policy, cost) => {
      const { resetAfterMs } = client.peek(policy, cost);
      const at = client.nowMs + resetAfterMs;
      expect(client.peekAt(at, policy, cost)).toEqual(simulatedClient(at).peek(policy, cost));
      if (resetAfterMs === 0) return;
      expect(client.peekAt(at - 1, policy, 1)).not.toEqual(simulatedClient(at - 1).peek(policy, 1));
      expect(client.record()?.endsAtMs).toBe(at);
    });
  });

  it("what is denied, costs nothing or is only looked at leaves the record as it was", () => {
    holds((client, policy, cost) => {
      const before = client.record();
      client.peek(policy, cost);
      client.consume(policy, 0);
      client.charge(policy, 0);
      if (!client.peek(policy, cost).allowed) client.consume(policy, cost);
      client.consume(policy, capacityOf(policy) + 1);
      expect(client.record()).toBe(before);
    });
  });

  it("consume and charge of nothing answer what peek answers", () => {
    holds((client, policy) => {
      const looked = client.peek(policy, 0);
      expect(client.consume(policy, 0)).toEqual(looked);
      expect(client.charge(policy, 0)).toEqual(looked);
    });
  });

  it("remaining is a whole number from 0 to the capacity, 0 while blocked, and exactly what can be taken", () => {
    holds((client, policy) => {
      const { remaining } = client.peek(policy, 1);
      expect(Number.isInteger(remaining) && remaining >= 0 && remaining <= capacityOf(policy)).toBe(true);
      expect(client.peek(policy, remaining + 1).allowed).toBe(false);
      if (remaining > 0) expect(client.consume(policy, remaining)).toMatchObject({ allowed: true, remaining: 0 });
      client.block(policy, 10);
      expect(client.peek(policy, 0)).toMatchObject({ allowed: false, remaining: 0 });
    });
  });

  it("any number of calls at one instant admit exactly what remained", () => {
    holds((client, policy) => {
      const { remaining } = client.peek(policy);
      const admitted = Array.from({ length: remaining + 20 }, () => client.consume(policy)).filter((d) => d.allowed);
      expect(admitted).toHaveLength(remaining);
    });
  });

  it("consume lowers remaining by its cost and gives a receipt", () => {
    holds((client, policy, cost) => {
      const before = client.peek(policy, cost);
      const taken = client.consume(policy, cost);
      expect(taken.allowed).toBe(before.allowed);
      expect(taken.remaining).toBe(before.allowed ? before.remaining - cost : before.remaining);
      expect(taken.receipt !== undefined).toBe(taken.allowed && cost > 0);
    });
  });

  it("charge takes what it can, down to -capacity, says whether it fitted, and when it would fit again", () => {
    holds((client, policy, cost) => {
      const before = client.peek(policy, cost);
      const charged = client.charge(policy, cost);
      expect(charged.allowed).toBe(before.allowed);
      if (!charged.allowed) expect(charged.retryAfterMs).toBe(client.peek(policy, cost).retryAfterMs);
      expect(charged.remaining).toBe(client.peek(policy, cost).remaining);
      for (let i = 0; i < 3; i++) client.charge(policy, capacityOf(policy));
      const floor = client.record();
      expect(client.charge(policy, capacityOf(policy))).not.toHaveProperty("receipt");
      expect(client.record()).toBe(floor);
      expect(client.peek(policy, 0).allowed).toBe(false);
    });
  });

  it("a refund right after a taking is as if nothing had been taken", () => {
    holds((client, policy, cost) => {
      const untouched = client.copy();
      const { receipt } = cost % 2 === 0 ? client.consume(policy, cost) : client.charge(policy, cost);
      if (receipt === undefined) return;
      const refunded = client.refund(policy, receipt, cost);
      expect(refunded).toEqual(untouched.peek(policy, cost));
      expect(refunded).toEqual(client.peek(policy, cost));
      expect(client.record()?.endsAtMs).toBe(untouched.record()?.endsAtMs);
      for (const share of [0.2, 0.7, 1, 1.3, 1.9]) {
        const later = client.nowMs + Math.ceil(share * policy.windowMs);
        expect(client.peekAt(later, policy)).toEqual(untouched.peekAt(later, policy));
      }
    });
  });

  it("a refund never passes the capacity, never makes a record, never moves its end outwards", () => {
    fc.assert(
      fc.property(policies(), instants, anyHistory, fc.nat(1_000), (policy, start, history, pause) => {
        const client = simulatedClient(start);
        const receipts = play(client, policy, history);
        client.nowMs += Math.floor((pause / 500) * policy.windowMs);
        for (const receipt of receipts) {
          const before = client.record();
          const remaining = client.peek(policy).remaining;
          const refunded = client.refund(policy, receipt);
          expect(refunded.remaining).toBeLessThanOrEqual(capacityOf(policy));
          expect(refunded.remaining).toBeGreaterThanOrEqual(remaining);
          if (before === null) expect(client.record()).toBeNull();
          else expect(client.record()?.endsAtMs ?? 0).toBeLessThanOrEqual(before.endsAtMs);
        }
      }),
    );
  });

  it("a receipt gives nothing back once its window is over", () => {
    fc.assert(
      fc.property(policies(), instants, fc.integer({ min: 1, max: 60 }), (policy, start, cost) => {
        const client = simulatedClient(start);
        const { receipt = "", resetAfterMs } = client.charge(policy, cost);
        client.nowMs += resetAfterMs;
        client.consume(policy, 1);
        const before = client.record();
        client.refund(policy, receipt);
        expect(client.record()).toBe(before);
      }),
    );
  });

  it("a receipt given back again and again never passes the capacity", () => {
    holds((client, policy, cost) => {
      const { receipt } = client.charge(policy, cost);
      if (receipt === undefined) return;
      for (let i = 0; i < 5; i++) {
        expect(client.refund(policy, receipt).remaining).toBeLessThanOrEqual(capacityOf(policy));
        expect(client.record()?.endsAtMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(client.nowMs);
      }
      expect(client.consume(policy, capacityOf(policy) + 1).allowed).toBe(false);
    });
  });

  it("a receipt of nothing writes nothing, nor does one of a client without a record", () => {
    holds((client, policy) => {
      const { receipt } = client.copy().charge(policy, 1);
      const before = client.record();
      if (receipt !== undefined) client.refund(policy, receipt.replace(/:\d+:/, ":0:"));
      expect(client.record()).toBe(before);
    });
    holds((client, policy) => {
      client.block(policy, 10);
      const { receipt = "" } = client.copy().charge(policy, 1);
      const before = client.record();
      client.refund(policy, receipt);
      expect(client.record()).toBe(before);
    }, fc.constant([]));
  });

  it("a block denies every cost until its end, is never shortened, and keeps what was taken", () => {
    holds((client, policy, cost) => {
      const without = client.copy();
      const { resetAfterMs: alreadyMs } = client.peek(policy, 0);
      const blockMs = alreadyMs + 1_000;
      client.block(policy, blockMs);
      const blocked = client.record();
      client.block(policy, 1);
      expect(client.record()).toBe(blocked);
      const denied = client.consume(policy, cost);
      expect(denied).toMatchObject({ allowed: false, remaining: 0, resetAfterMs: blockMs });
      expect(denied.retryAfterMs).toBe(cost > capacityOf(policy) ? null : blockMs);
      expect(client.charge(policy, 1).allowed).toBe(false);
      const end = client.nowMs + blockMs;
      expect(client.peekAt(end - 1, policy, 0).allowed).toBe(false);
      expect(without.peekAt(end, policy, cost).allowed).toBe(cost <= capacityOf(policy));
    });
  });

  it("a record may be dropped only where the client could still take something", () => {
    fc.assert(
      fc.property(policies(), instants, anyHistory, (policy, start, history) => {
        const client = simulatedClient(start);
        play(client, policy, history, () => {
          const record = client.record();
          // Written just now, or since then only recovered: what may be dropped still admits a call.
          if (record !== null && isEvictable(record)) expect(client.peek(policy).allowed).toBe(true);
        });
        client.nowMs += 1;
        client.charge(policy, capacityOf(policy));
        const record = client.record();
        expect(record !== null && isEvictable(record)).toBe(false);
      }),
    );
  });

  const steps = fc.oneof(fc.integer({ min: 1, max: 200_000 }), fc.constantFrom(1, 2, 3_600_000, 31_536_000_000));

  it("a clock's step back gives nothing back", () => {
    fc.assert(
      fc.property(policies(), instants, anyHistory, steps, (policy, start, history, backMs) => {
        const client = simulatedClient(start);
        play(client, policy, history);
        const { remaining } = client.peek(policy);
        client.nowMs -= backMs;
        expect(client.peek(policy).remaining).toBeLessThanOrEqual(remaining);
      }),
      { numRuns: 500 },
    );
  });

  it("a clock's step back locks a client that keeps asking out for at most two windows, or a full debt's refill", () => {
    fc.assert(
      fc.property(
        policies(),
        instants,
        histories("consume", "charge", "refund"),
        steps,
        fc.integer({ min: 1, max: 5 }),
        (policy, start, history, backMs, asks) => {
          const client = simulatedClient(start);
          play(client, policy, history);
          client.nowMs -= backMs;
          const steppedAt = client.nowMs;
          let asked = client.consume(policy);
          for (let calls = 0; !asked.allowed && calls < 1_000; calls += 1) {
            client.nowMs += Math.min(asked.retryAfterMs ?? 0, Math.ceil(policy.windowMs / asks));
            asked = client.consume(policy);
          }
          expect(asked.allowed).toBe(true);
          const refillMs = Math.ceil(
            (Math.ceil((policy.windowMs * 1_000) / policy.limit) * capacityOf(policy)) / 1_000,
          );
          const most = policy.algorithm === "token-bucket" ? 2 * refillMs : 2 * policy.windowMs;
          expect(client.nowMs - steppedAt).toBeLessThanOrEqual(most);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("a clamp is written by each call that is denied, and by none that only looks", () => {
    for (const [algorithm, tag] of [
      ["fixed-window", "fw"],
      ["sliding-window", "sw"],
      ["token-bucket", "tb"],
    ] as const) {
      const policy = { algorithm, limit: 5, windowMs: 1_000 };
      const stepped = () => {
        const client = simulatedClient(startMs + 500);
        client.charge(policy, 5);
        client.charge(policy, 5);
        client.block(policy, 100);
        client.nowMs -= 31_536_000_000;
        return client;
      };
      const most = startMs + 500 - 31_536_000_000 + 2_000;
      for (const call of ["consume", "charge"] as const) {
        const asker = stepped();
        const before = asker.record();
        asker.peek(policy);
        asker.consume(policy, 0);
        asker.charge(policy, 0);
        asker.refund(policy, `${tag}:1:0`);
        expect(asker.record(), algorithm).toBe(before);
        const { allowed } = asker[call](policy, 6);
        expect(allowed).toBe(false);
        // The block ends at its own instant; the state beside it is clamped.
        const state = JSON.stringify(asker.record()?.body);
        expect(state, algorithm).not.toBe(JSON.stringify(before?.body));
        expect(asker.record()?.endsAtMs, algorithm).toBe(startMs + 600);
      }
      const free = simulatedClient(startMs + 500);
      free.charge(policy, 5);
      free.charge(policy, 5);
      free.nowMs -= 31_536_000_000;
      free.consume(policy);
      expect(free.record()?.endsAtMs, algorithm).toBeLessThanOrEqual(most);
    }
  });

  it("a window ends at its end though a block keeps the record", () => {
    for (const algorithm of ["fixed-window", "sliding-window", "token-bucket"] as const) {
      const client = simulatedClient(startMs);
      const policy = { algorithm, limit: 5, windowMs: 1_000 };
      const { resetAfterMs } = client.consume(policy, 5);
      client.block(policy, resetAfterMs);
      client.block(policy, resetAfterMs + 10);
      client.nowMs += resetAfterMs;
      client.block(policy, 20);
      expect(client.record()?.body).toEqual({ blockedUntilMs: client.nowMs + 20, pinned: true });
    }
  });

  it("a block outlives the clock's step back", () => {
    for (const algorithm of ["fixed-window", "sliding-window", "token-bucket"] as const) {
      const client = simulatedClient(startMs);
      const policy = { algorithm, limit: 5, windowMs: 1_000 };
      client.consume(policy, 5);
      client.block(policy, 60_000);
      client.nowMs -= 3_600_000;
      expect(client.peek(policy)).toMatchObject({ allowed: false, retryAfterMs: 3_660_000 });
    }
  });
});
