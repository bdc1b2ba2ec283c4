// Where the plan strikes and with what: every step of the seller, every call of the store, and the answer.

const steps = [
  ...(["verify", "verified", "serve", "served", "settle", "moved", "find", "found"] as const),
  /** payOnce has answered. */
  "answer",
] as const;
const calls = [
  /** Of the payload's own record, which belongs to the shared verification. */
  ...(["verification claim", "verification complete", "verification release"] as const),
  /** "switch": the renewal for settlement. */
  ...(["claim", "renew", "switch", "note", "release", "markUnknown", "reconcile", "expire"] as const),
  ...(["settle", "deliver", "undeliver", "peek"] as const),
] as const;

export type StoreCall = (typeof calls)[number];
export type Point = (typeof steps)[number] | `${"before" | "after"} ${StoreCall}`;

export const points: readonly Point[] = [
  ...steps,
  ...calls.flatMap((call) => [`before ${call}`, `after ${call}`] as const),
];

/** Strikes at any point. */
export type GeneralFault =
  /** kill -9 of the process. */
  | "kill"
  /** SIGSTOP beyond the lease, then SIGCONT. */
  | "stop"
  /** The client goes away; when payOnce has answered, without its answer. */
  | "abort"
  /** Every connection to Redis ends at once. */
  | "cut"
  /** The next script runs, and its reply is lost. */
  | "lose reply"
  /** kill -9 of Redis, which comes back with everything that it had answered. */
  | "restart redis";

/** Strikes where the step of its name runs. */
export type StepFault =
  /** The ledger moves the money and its reply is lost. */
  | "lose transfer"
  /** The ledger answers after three leases. */
  | "slow transfer"
  /** The ledger refuses, for now, and nothing moves. */
  | "refuse transfer"
  /** Verify cannot tell yet. */
  | "verify later"
  /** Serve throws. */
  | "serve fails";

export type Fault = GeneralFault | StepFault;

export interface Strike {
  at: Point;
  fault: Fault;
}

export const stepOf: Readonly<Record<StepFault, Point>> = {
  "lose transfer": "settle",
  "slow transfer": "settle",
  "refuse transfer": "settle",
  "verify later": "verify",
  "serve fails": "serve",
};

export function isStepFault(fault: Fault): fault is StepFault {
  return fault in stepOf;
}

/** What must be so, or must happen before, for a payment to come to a point that a smooth one never sees. */
export interface Way {
  order?: "serve-then-settle" | "settle-then-serve";
  ledger?: "moves each time" | "moves once";
  serveMs?: 0 | 30 | 300;
  /** One of them. */
  first?: readonly Strike[];
}

/** What is made before its receipt is recorded is delivered by the same call. */
const madeLater: Way = { order: "settle-then-serve", serveMs: 30 };
const inDoubt: readonly Strike[] = [
  { at: "settle", fault: "lose transfer" },
  { at: "moved", fault: "kill" },
];
/** The outcome stays unknown until the validity is over. */
const neverMoved: Way = { ledger: "moves each time", first: [{ at: "settle", fault: "kill" }] };
const given: readonly Strike[] = [
  { at: "serve", fault: "serve fails" },
  { at: "served", fault: "abort" },
  { at: "settle", fault: "refuse transfer" },
];

const waysOfCalls: Partial<Record<StoreCall, Way>> = {
  "verification release": { first: [{ at: "verify", fault: "verify later" }] },
  renew: { serveMs: 300 },
  release: { order: "serve-then-settle", ledger: "moves each time", first: given },
  markUnknown: { first: [{ at: "settle", fault: "lose transfer" }] },
  reconcile: { first: inDoubt },
  expire: neverMoved,
  peek: neverMoved,
  deliver: madeLater,
  undeliver: { ...madeLater, first: [{ at: "before deliver", fault: "abort" }] },
};

export function wayTo(point: Point): Way {
  if (point === "find" || point === "found") return { first: inDoubt };
  const call = point.replace(/^(before|after) /, "");
  return Object.entries(waysOfCalls).find(([name]) => name === call)?.[1] ?? {};
}
