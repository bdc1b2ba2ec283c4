// The table that the stores have to reach, as data. `npm run bench -- --check` fails on a missed row.

type Bound = { atLeast: number } | { atMost: number };

/** Which figure of a slice. */
export type Metric = "opsPerSecond" | "p50Us" | "clientCpuUs" | "redisCommandUs" | "redisCommands";

export type Goal = {
  /** Unique, e.g. "consume-64/ioredis". */
  id: string;
  /** As the table names it. Goals of one row have one title. */
  row: string;
  /** Which of ours. */
  who: string;
  bound: Bound;
} & (
  | { kind: "ratio"; metric: Metric; workload: string; inFlight: number; ours: string; theirs: string }
  | { kind: "value"; metric: Metric; workload: string; inFlight: number; ours: string }
  | { kind: "bytes"; of: "limit" | "session" | "marker" }
  | { kind: "payment"; of: "calls" | "inSequence" | "publishes" }
);

type Client = "ioredis" | "node-redis";

interface Against {
  row: string;
  metric: Metric;
  workload: string;
  inFlight: number;
  peer: string;
  bounds: Readonly<Record<Client, Bound>>;
}

const clients: readonly Client[] = ["ioredis", "node-redis"];
const atLeast = (ioredis: number, nodeRedis = ioredis) => ({
  ioredis: { atLeast: ioredis },
  "node-redis": { atLeast: nodeRedis },
});
const atMost = (most: number) => ({ ioredis: { atMost: most }, "node-redis": { atMost: most } });

/** Our stores against a peer on the same client. */
function against({ row, bounds, peer, metric, workload, inFlight }: Against): Goal[] {
  return clients.map((client) => ({
    id: `${metric}/${workload}/${inFlight}/${peer}/${client}`,
    row,
    who: client,
    bound: bounds[client],
    kind: "ratio",
    metric,
    workload,
    inFlight,
    ours: `tollbooth/${client}`,
    theirs: `${peer}/${client}`,
  }));
}

function value({ row, bounds, metric, workload, inFlight }: Omit<Against, "peer">): Goal[] {
  return clients.map((client) => ({
    id: `${metric}/${workload}/${inFlight}/${client}`,
    row,
    who: client,
    bound: bounds[client],
    kind: "value",
    metric,
    workload,
    inFlight,
    ours: `tollbooth/${client}`,
  }));
}

const speed = { metric: "opsPerSecond" } as const;

export const goals: readonly Goal[] = [
  ...against({
    ...speed,
    row: "consume, 64 in flight, against RLF",
    workload: "consume-spread",
    inFlight: 64,
    peer: "rlf",
    bounds: atLeast(2.5),
  }),
  ...against({
    ...speed,
    row: "consume, 64 in flight, against raw INCR",
    workload: "consume-spread",
    inFlight: 64,
    peer: "raw",
    bounds: atLeast(1.5, 1.3),
  }),
  ...against({
    ...speed,
    row: "consume, 256 in flight, against RLF",
    workload: "consume-spread",
    inFlight: 256,
    peer: "rlf",
    bounds: atLeast(3, 1.6),
  }),
  ...against({
    ...speed,
    row: "consume of one hot client, 256 in flight, against RLF",
    workload: "consume-hot",
    inFlight: 256,
    peer: "rlf",
    bounds: atLeast(15),
  }),
  ...against({
    ...speed,
    row: "a denied client, 64 in flight, against RLF without its in-memory block",
    workload: "consume-denied",
    inFlight: 64,
    peer: "rlf",
    bounds: atLeast(50),
  }),
  ...against({
    ...speed,
    row: "a denied client, 64 in flight, against RLF with its in-memory block",
    workload: "consume-denied",
    inFlight: 64,
    peer: "rlf-block",
    bounds: atLeast(1),
  }),
  ...against({
    metric: "p50Us",
    row: "consume, 1 in flight, p50 against RLF",
    workload: "consume-spread",
    inFlight: 1,
    peer: "rlf",
    bounds: atMost(1.1),
  }),
  ...against({
    metric: "clientCpuUs",
    row: "client CPU a consume, 64 in flight, against RLF",
    workload: "consume-spread",
    inFlight: 64,
    peer: "rlf",
    bounds: atMost(0.4),
  }),
  ...value({
    metric: "redisCommandUs",
    row: "Redis CPU a decision, 1 in flight, us",
    workload: "consume-spread",
    inFlight: 1,
    bounds: atMost(6),
  }),
  ...value({
    metric: "redisCommandUs",
    row: "Redis CPU a decision, 64 in flight, us",
    workload: "consume-spread",
    inFlight: 64,
    bounds: atMost(3),
  }),
  ...against({
    ...speed,
    row: "session get, 64 in flight, against raw GET and JSON.parse",
    workload: "session-get",
    inFlight: 64,
    peer: "raw",
    bounds: atLeast(0.9),
  }),
  {
    id: "opsPerSecond/consume-memory/1/rlf/memory",
    row: "memory consume, against RLF memory",
    who: "memory",
    bound: { atLeast: 1 },
    kind: "ratio",
    metric: "opsPerSecond",
    workload: "consume-memory",
    inFlight: 1,
    ours: "tollbooth/memory",
    theirs: "rlf/memory",
  },
  ...against({
    ...speed,
    row: "session touch, 64 in flight, against connect-redis touch",
    workload: "session-touch",
    inFlight: 64,
    peer: "connect-redis",
    bounds: atLeast(1),
  }),
  ...against({
    ...speed,
    row: "consumeAll of three limits of one client, 64 in flight, against RLF's union",
    workload: "consume-three",
    inFlight: 64,
    peer: "rlf-union",
    bounds: atLeast(2),
  }),
  ...value({
    metric: "redisCommands",
    row: "consumeAll of three limits of one client, round trips",
    workload: "consume-three",
    inFlight: 1,
    bounds: atMost(1),
  }),
  {
    id: "payment/calls",
    row: "a whole payOnce, store calls",
    who: "ioredis",
    bound: { atMost: 5 },
    kind: "payment",
    of: "calls",
  },
  {
    id: "payment/inSequence",
    row: "a whole payOnce, store calls in sequence",
    who: "ioredis",
    bound: { atMost: 4 },
    kind: "payment",
    of: "inSequence",
  },
  {
    id: "bytes/limit",
    row: "bytes a limit, beyond its key",
    who: "Redis",
    bound: { atMost: 130 },
    kind: "bytes",
    of: "limit",
  },
  {
    id: "bytes/session",
    row: "bytes a session, beyond its key and payload",
    who: "Redis",
    bound: { atMost: 150 },
    kind: "bytes",
    of: "session",
  },
  {
    id: "bytes/marker",
    row: "bytes a marker, beyond its key",
    who: "Redis",
    bound: { atMost: 160 },
    kind: "bytes",
    of: "marker",
  },
];
