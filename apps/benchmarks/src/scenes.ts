// The scenes of a run in their order: workload, server, and how many calls are in flight.

export const sections = [
  "consume",
  "algorithms",
  "sessions",
  "claims",
  "payments",
  "memory",
  "bytes",
  "cluster",
  "scaling",
] as const;
export type Section = (typeof sections)[number];

export interface Scene {
  section: Section;
  workload: string;
  server: "none" | "single" | "cluster";
  /** Numbers of calls in flight. `quick`: those of `--quick`. */
  inFlight: readonly number[];
  quick: readonly number[];
  /** Contenders that no row of the table needs; `--quick` leaves them out. */
  extras?: readonly string[];
  /** Only these contenders. Default: all. */
  only?: readonly string[];
}

const every = [1, 8, 64, 256];
const otherLimiters = [
  "rate-limit-redis/ioredis",
  "rate-limit-redis/node-redis",
  "raw-autopipelining/ioredis",
  "raw-no-timeout/node-redis",
];
const raw = ["raw/ioredis", "raw/node-redis"];

export const scenes: readonly Scene[] = [
  {
    section: "consume",
    workload: "consume-spread",
    server: "single",
    inFlight: every,
    quick: [1, 64, 256],
    extras: otherLimiters,
  },
  {
    section: "consume",
    workload: "consume-hot",
    server: "single",
    inFlight: every,
    quick: [256],
    extras: [...otherLimiters, ...raw],
  },
  {
    section: "consume",
    workload: "consume-denied",
    server: "single",
    inFlight: every,
    quick: [64],
    extras: otherLimiters,
  },
  { section: "consume", workload: "consume-three", server: "single", inFlight: [1, 64, 256], quick: [1, 64] },
  { section: "algorithms", workload: "consume-sliding-window", server: "single", inFlight: every, quick: [1, 64] },
  { section: "algorithms", workload: "consume-token-bucket", server: "single", inFlight: every, quick: [1, 64] },
  {
    section: "sessions",
    workload: "session-get",
    server: "single",
    inFlight: every,
    quick: [64],
    extras: ["connect-redis/node-redis", "keyv/node-redis", "raw-no-timeout/node-redis"],
  },
  {
    section: "sessions",
    workload: "session-touch",
    server: "single",
    inFlight: every,
    quick: [64],
    extras: raw,
  },
  { section: "sessions", workload: "session-debit", server: "single", inFlight: every, quick: [] },
  { section: "claims", workload: "claim", server: "single", inFlight: every, quick: [] },
  { section: "payments", workload: "pay-once", server: "single", inFlight: [1, 64], quick: [] },
  {
    section: "memory",
    workload: "consume-memory",
    server: "none",
    inFlight: [1, 64],
    quick: [1],
    extras: ["express-rate-limit/memory"],
  },
  {
    section: "cluster",
    workload: "consume-spread",
    server: "cluster",
    inFlight: [1, 64, 256],
    quick: [],
    only: ["tollbooth/ioredis", "tollbooth/node-redis", "rlf/ioredis", "rlf/node-redis"],
  },
  {
    section: "cluster",
    workload: "pay-once",
    server: "cluster",
    inFlight: [64],
    quick: [],
  },
];
