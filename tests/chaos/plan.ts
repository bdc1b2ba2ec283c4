// What is done to each payment, from a seed: which order, which faults, at which point of its way.

/** Where a fault strikes: in the seller's steps, around the store's calls, and when payOnce has answered. */
export type Point =
  | ("verify" | "verified" | "serve" | "served" | "settle" | "moved" | "find" | "answer")
  | `${"before" | "after"} ${"claim" | "renew" | "settle" | "deliver" | "complete"}`;

export type Fault =
  /** kill -9 of the process. */
  | "kill"
  /** SIGSTOP beyond the lease, then SIGCONT. */
  | "stop"
  /** The client goes away. */
  | "abort"
  /** Every connection to Redis ends at once. */
  | "cut"
  /** The next script runs, and its reply is lost. */
  | "lose reply"
  /** kill -9 of Redis, which comes back with everything that it had answered. */
  | "restart redis"
  /** The ledger moves the money and its reply is lost. */
  | "lose transfer"
  /** The ledger answers after three leases. */
  | "slow transfer";

export interface Strike {
  at: Point;
  fault: Fault;
}

export interface PlannedPayment {
  id: number;
  order: "serve-then-settle" | "settle-then-serve";
  /** Each strikes once, when its point is first reached. */
  strikes: Strike[];
}

const points: readonly Point[] = [
  ...(["verify", "verified", "serve", "served", "settle", "moved", "find", "answer"] as const),
  ...(["before claim", "after claim", "before renew", "after renew", "before settle", "after settle"] as const),
  ...(["before deliver", "after deliver", "before complete", "after complete"] as const),
];
const faults: readonly [Fault, weight: number][] = [
  ["kill", 5],
  ["stop", 2],
  ["abort", 3],
  ["cut", 2],
  ["lose reply", 4],
  ["restart redis", 0.3],
  ["lose transfer", 3],
  ["slow transfer", 1],
];

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

/** Half of the payments meet one fault, a quarter two, some three; the others go through, if their neighbours let them. */
export function planOf(seed: number, count: number): PlannedPayment[] {
  const random = randomNumbers(seed);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new RangeError("Nothing to pick from.");
    return item;
  };
  const anyFault = (): Fault => {
    let left = random() * faults.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [fault, weight] of faults) {
      left -= weight;
      if (left < 0) return fault;
    }
    return "kill";
  };
  return Array.from({ length: count }, (_, id) => {
    const dice = random();
    const howMany = dice < 0.2 ? 0 : dice < 0.7 ? 1 : dice < 0.92 ? 2 : 3;
    const strikes = Array.from({ length: howMany }, (): Strike => {
      const fault = anyFault();
      const ofLedger = fault === "lose transfer" || fault === "slow transfer";
      return { fault, at: ofLedger ? "settle" : pick(points) };
    });
    return { id, order: random() < 0.5 ? "serve-then-settle" : "settle-then-serve", strikes };
  });
}
