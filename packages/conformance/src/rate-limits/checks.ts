// Checks and small steps that the properties of rate limits share.
import assert from "node:assert/strict";
import type { RateLimitCheck, RateLimitDecision, RateLimitPolicy, RateLimitStore } from "@tollbooth-stores/core";
import fc from "fast-check";
import type { Bench, Property } from "../property.ts";

export type RateLimitProperty = Property<RateLimitStore>;
export type RateLimitBench = Bench<RateLimitStore>;
export type Algorithm = RateLimitPolicy["algorithm"];

export const algorithms: readonly Algorithm[] = ["fixed-window", "sliding-window", "token-bucket"];
export const minute = 60_000;

/** A check of the same route and client, unless told otherwise. */
export function checkOf(
  algorithm: Algorithm,
  limit: number,
  more: Partial<Omit<RateLimitCheck, "policy">> & { windowMs?: number } = {},
): RateLimitCheck {
  const { windowMs = minute, ...rest } = more;
  return { route: "GET /data", client: "alice", policy: { algorithm, limit, windowMs }, ...rest };
}

/** The same check at another cost. */
export function costing(check: RateLimitCheck, cost: number): RateLimitCheck {
  return { ...check, cost };
}

/** A decision without its receipt, to compare. */
export function plain(decision: RateLimitDecision): Omit<RateLimitDecision, "receipt"> {
  const { receipt: _, ...rest } = decision;
  return rest;
}

/** The receipt, which must be there. */
export function receiptOf(decision: RateLimitDecision): string {
  assert.equal(typeof decision.receipt, "string", "something was taken: there must be a receipt");
  return decision.receipt ?? "";
}

export function countAllowed(decisions: readonly { allowed: boolean }[]): number {
  return decisions.filter(({ allowed }) => allowed).length;
}

/** Steps to the start of the store's next epoch-aligned window, found by asking a scratch client. */
export async function toWindowStart(bench: RateLimitBench, store: RateLimitStore, windowMs: number): Promise<void> {
  const scratch = checkOf("sliding-window", 1_000_000, {
    client: "the phase of the window",
    route: "scratch",
    windowMs,
  });
  const { resetAfterMs } = await store.charge(scratch);
  await store.reset(scratch);
  // Units taken now weigh until the end of the window after this one.
  await bench.advance(resetAfterMs - windowMs);
}

/** `remaining` is an integer in 0..capacity, and the times make sense. */
export function assertSound(decision: RateLimitDecision, capacity: number): void {
  const { remaining, retryAfterMs, resetAfterMs, allowed } = decision;
  assert.ok(
    Number.isInteger(remaining) && remaining >= 0 && remaining <= capacity,
    `remaining ${remaining} of ${capacity}`,
  );
  assert.ok(Number.isInteger(resetAfterMs) && resetAfterMs >= 0, `resetAfterMs ${resetAfterMs}`);
  if (allowed) assert.equal(retryAfterMs, 0, "retryAfterMs of an allowed call");
  else
    assert.ok(
      retryAfterMs === null || (Number.isInteger(retryAfterMs) && retryAfterMs > 0),
      `retryAfterMs ${retryAfterMs}`,
    );
}

/** Some use of a client's allowance: limit, costs, and the time between them. */
export interface Usage {
  algorithm: Algorithm;
  limit: number;
  windowMs: number;
  steps: readonly { cost: number; thenMs: number }[];
}

export const usages: fc.Arbitrary<Usage> = fc
  .record({
    algorithm: fc.constantFrom(...algorithms),
    limit: fc.integer({ min: 1, max: 30 }),
    windowMs: fc.constantFrom(7, 1_000, 9_999, minute),
    steps: fc.array(
      fc.record({ cost: fc.integer({ min: 1, max: 12 }), share: fc.double({ min: 0, max: 1.3, noNaN: true }) }),
      {
        maxLength: 8,
      },
    ),
  })
  .map(({ steps, ...usage }) => ({
    ...usage,
    limit: Math.min(usage.limit, 10 * usage.windowMs),
    steps: steps.map(({ cost, share }) => ({
      cost,
      thenMs: share < 0.3 ? 0 : Math.floor((share - 0.3) * usage.windowMs),
    })),
  }));

/** Plays a usage for one client. */
export async function play(
  bench: RateLimitBench,
  store: RateLimitStore,
  usage: Usage,
  client: string,
): Promise<RateLimitCheck> {
  const check = checkOf(usage.algorithm, usage.limit, { client, windowMs: usage.windowMs });
  for (const { cost, thenMs } of usage.steps) {
    assertSound(await store.consume(costing(check, cost)), usage.limit);
    await bench.advance(thenMs);
  }
  return check;
}
