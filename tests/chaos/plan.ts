// What each payment is and what is done to it, from a seed: plain data.
import { type Fault, isStepFault, type Point, points, type StepFault, type Strike, stepOf, wayTo } from "./points.ts";

/** What a seller does wrong, for tests that must see it: see mistakes.ts. */
export type Mistake =
  | "renewals are not recorded"
  | "deliveries are not recorded"
  | "what was kept is lost"
  | "doubt is taken for an end"
  | "receipts are made up"
  | "no claim is let through";

export interface PlannedPayment {
  id: number;
  order: "serve-then-settle" | "settle-then-serve";
  /** "too large": `keep` is given, and no result fits the store. */
  keep: "kept" | "no keep" | "too large";
  collector: boolean;
  /** Whether a second transfer of the same authorization moves money again. Where it does not, findSettlement settles again. */
  ledger: "moves each time" | "moves once";
  /** How long it takes to make what is sold; the lease is renewed after 233. */
  serveMs: 0 | 30 | 300;
  /** How many requests present it at once. */
  payers: 1 | 2;
  /** Each strikes once, when its point is first reached. */
  strikes: Strike[];
  mistake?: Mistake;
}

/** How often each fault is in the deck, at each point or altogether. */
const atEachPoint = { kill: 2, stop: 1, abort: 1, cut: 1, "lose reply": 1 } as const;
const altogether = {
  ...{ "lose transfer": 12, "slow transfer": 4, "refuse transfer": 8, "verify later": 4, "serve fails": 8 },
  "restart redis": 4,
} as const;

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32, by Tommy Ettinger, public domain). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A fifth of the payments meet no fault of their own, half meet one, the others two or three, and beside them what leads to
 * the point. The strikes are drawn from a shuffled deck, so that every point meets every fault before one comes again.
 */
export function planOf(seed: number, count: number): PlannedPayment[] {
  const random = randomNumbers(seed);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new RangeError("Nothing to pick from.");
    return item;
  };
  const deck: Strike[] = [];
  const draw = (): Strike => {
    if (deck.length === 0) deck.push(...shuffled(cards(pick), random));
    return deck.pop() ?? draw();
  };
  return Array.from({ length: count }, (_, id): PlannedPayment => {
    const dice = random();
    const howMany = dice < 0.2 ? 0 : dice < 0.7 ? 1 : dice < 0.92 ? 2 : 3;
    const strikes = Array.from({ length: howMany }, draw);
    const ways = strikes.map(({ at, fault }) => (isStepFault(fault) ? {} : wayTo(at)));
    const before = ways.flatMap(({ first }) => (first === undefined ? [] : [pick(first)]));
    const kept = random();
    return {
      id,
      order: given(ways, "order") ?? pick(["serve-then-settle", "settle-then-serve"]),
      keep: kept < 0.7 ? "kept" : kept < 0.85 ? "no keep" : "too large",
      collector: random() < 0.75,
      ledger: given(ways, "ledger") ?? (random() < 0.6 ? "moves each time" : "moves once"),
      serveMs: given(ways, "serveMs") ?? pick([0, 30, 300]),
      payers: random() < 0.15 ? 2 : 1,
      strikes: [...before, ...strikes],
    };
  });
}

function given<K extends "order" | "ledger" | "serveMs">(
  ways: readonly ReturnType<typeof wayTo>[],
  name: K,
): ReturnType<typeof wayTo>[K] | undefined {
  return ways.find((way) => way[name] !== undefined)?.[name];
}

/** Every strike of one deck. */
function cards(pick: (from: readonly Point[]) => Point): Strike[] {
  const each = Object.entries(atEachPoint).flatMap(([fault, times]) =>
    points.flatMap((at) => Array.from({ length: times }, (): Strike => ({ at, fault: fault as Fault }))),
  );
  const others = Object.entries(altogether).flatMap(([fault, times]) =>
    Array.from({ length: times }, (): Strike => {
      const at = isStepFault(fault as Fault) ? stepOf[fault as StepFault] : pick(points);
      return { at, fault: fault as Fault };
    }),
  );
  return [...each, ...others];
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
