// For tests: policies and histories of calls, drawn by fast-check.
import fc from "fast-check";
import type { RateLimitPolicy } from "../rate-limit-store.ts";
import type { SimulatedClient } from "./simulated-client.ts";

/** 2026-01-01T00:00:00Z. */
export const startMs = 1_767_225_600_000;

/** An instant near `startMs`, at any place within a window. */
export const instants: fc.Arbitrary<number> = fc.integer({ min: startMs, max: startMs + 1_000_000 });

const windows = fc.oneof(
  fc.integer({ min: 1, max: 50 }),
  fc.integer({ min: 51, max: 100_000 }),
  fc.constantFrom(60_000, 3_600_000, 86_400_000),
);

/** Any policy with a limit of 1 to `mostLimit`. */
export function policies(mostLimit = 30): fc.Arbitrary<RateLimitPolicy & { windowMs: number }> {
  return fc
    .record({
      algorithm: fc.constantFrom<RateLimitPolicy["algorithm"][]>("fixed-window", "sliding-window", "token-bucket"),
      limit: fc.integer({ min: 1, max: mostLimit }),
      windowMs: windows,
      burst: fc.option(fc.integer({ min: 1, max: 2 * mostLimit }), { nil: undefined, freq: 2 }),
    })
    .map(({ algorithm, limit, windowMs, burst }) => {
      const most = Math.min(limit, 10 * windowMs);
      return algorithm === "token-bucket"
        ? { algorithm, limit: most, windowMs, burst }
        : { algorithm, limit, windowMs };
    });
}

/** The most that can be taken at once. */
export function capacityOf(policy: RateLimitPolicy): number {
  return policy.algorithm === "token-bucket" ? (policy.burst ?? policy.limit) : policy.limit;
}

/** One call in a history. Costs and durations are shares, so that one history suits every policy. */
export interface Call {
  kind: "consume" | "charge" | "refund" | "block";
  /** Of the capacity; a little above 1 is a cost that never fits. */
  costShare: number;
  /** The pause since the previous call, in windows. */
  pauseShare: number;
  /** For refund: the number of an earlier receipt. */
  receipt: number;
}

const shares = (max: number) =>
  fc.oneof(
    fc.constantFrom(0, 0.5, 1),
    fc.integer({ min: 0, max: Math.round(max * 1_000) }).map((n) => n / 1_000),
  );

/** A history of calls of the given kinds. */
export function histories(...kinds: Call["kind"][]): fc.Arbitrary<Call[]> {
  return fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      costShare: shares(1.2),
      pauseShare: shares(2.2),
      receipt: fc.nat(20),
    }),
    { maxLength: 12 },
  );
}

/** Plays a history on a client and calls `after` for every call. */
export function play(
  client: SimulatedClient,
  policy: RateLimitPolicy & { windowMs: number },
  history: readonly Call[],
  after: (call: Call, cost: number) => void = () => undefined,
): string[] {
  const receipts: string[] = [];
  for (const call of history) {
    client.nowMs += Math.floor(call.pauseShare * policy.windowMs);
    const cost = Math.ceil(call.costShare * capacityOf(policy));
    if (call.kind === "block") client.block(policy, Math.max(1, Math.floor(call.costShare * policy.windowMs)));
    else if (call.kind === "refund") {
      const receipt = receipts[call.receipt % Math.max(1, receipts.length)];
      if (receipt !== undefined) client.refund(policy, receipt);
    } else {
      const { receipt } = client[call.kind](policy, cost);
      if (receipt !== undefined) receipts.push(receipt);
    }
    after(call, cost);
  }
  return receipts;
}
