// Random batches of calls on a few limits, and the order in which a store serves them.
import type { RateLimitCheck, RateLimitDecision } from "@tollbooth-stores/core";
import fc from "fast-check";

/** One call of a batch. `gaveUp`: its caller aborts before the tick is over. */
export interface Call {
  kind: "consume" | "peek" | "charge";
  rule: number;
  client: number;
  cost: number;
  gaveUp: boolean;
}

export const rules = [
  { algorithm: "fixed-window", limit: 5, windowMs: 60_000 },
  { algorithm: "fixed-window", limit: 200_000, windowMs: 3_600_000 },
  { algorithm: "sliding-window", limit: 7, windowMs: 10_000 },
  { algorithm: "token-bucket", limit: 10, windowMs: 60_000, burst: 4 },
  { algorithm: "token-bucket", limit: 10, windowMs: 60_000, burst: 20 },
] as const;

const call = fc.record<Call>({
  kind: fc.constantFrom("consume", "consume", "consume", "peek", "charge"),
  rule: fc.nat({ max: rules.length - 1 }),
  client: fc.nat({ max: 3 }),
  cost: fc.constantFrom(0, 1, 1, 1, 2, 3, 150_000),
  gaveUp: fc.nat({ max: 6 }).map((number) => number === 6),
});

/** The calls of one tick, and by how much the clock steps before them. */
export interface Batch {
  stepMs: number;
  calls: Call[];
}

export const batches: fc.Arbitrary<Batch[]> = fc.array(
  fc.record({ stepMs: fc.constantFrom(0, 1, 900, 10_000, 60_000, -5_000), calls: fc.array(call, { maxLength: 60 }) }),
  { minLength: 1, maxLength: 6 },
);

const limited = (kind: Call["kind"], cost: number, { gaveUp = false } = {}): Call => {
  return { kind, rule: 3, client: 0, cost, gaveUp };
};
/** Rare failures of random batches, without a deny cache and with it. */
export const examples: [remembers: boolean, played: Batch[]][] = [
  // A batch of callers that all gave up, before the next one.
  {
    remembers: false,
    played: [[limited("charge", 1, { gaveUp: true })], [limited("consume", 2), limited("charge", 1)]],
  },
  // A remembered denial, in the tick of a charge.
  {
    remembers: true,
    played: [[limited("consume", 3)], [limited("consume", 2)], [limited("charge", 1), limited("consume", 2)]],
  },
  // A remembered denial comes before a batch that was opened before it.
  {
    remembers: true,
    played: [
      [limited("consume", 150_000)],
      [{ ...limited("consume", 1), client: 1 }, limited("consume", 150_000), limited("consume", 1)],
    ],
  },
].map(({ remembers, played }) => [remembers, played.map((calls) => ({ stepMs: 0, calls }))]);

export function checkOf({ rule, client, cost }: Call): RateLimitCheck {
  const policy = rules[rule] ?? rules[0];
  return { route: `rule ${rule % 4}`, client: `client ${client}`, policy, cost };
}

/** The decision, without who decided; or why there was none. */
export async function settled(answer: Promise<RateLimitDecision>): Promise<unknown> {
  try {
    const { source: _, ...decision } = await answer;
    return decision;
  } catch (error) {
    return String(error);
  }
}

/** Calls that cannot travel together are served one batch after the other, in the order of each batch's first call. */
export function inBatchOrder<T extends { one: Call }>(asked: readonly T[]): T[] {
  const groups = new Map<string, T[]>();
  for (const each of asked) {
    const { kind, rule, cost } = each.one;
    const group = `${cost === 0 ? "peek" : kind} ${rule} ${cost}`;
    groups.set(group, [...(groups.get(group) ?? []), each]);
  }
  return [...groups.values()].flat();
}
