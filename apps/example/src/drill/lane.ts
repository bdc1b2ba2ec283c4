// One lane of the drill: a fleet on one kind of store, and what its logs prove so far. The dashboard shows the same.

/** What a row is about. Every verdict comes from the logs of the ledger, its facilitator and the upstream. */
export type RowKey =
  | "over-limit"
  | "sessions-lost"
  | "verifies-per-payment"
  | "runs-per-payment"
  | "transfers-per-payment"
  | "replays-accepted"
  | "paid-not-served";

/** One line of the drill's table, for one lane. */
export interface Row {
  key: RowKey;
  /** E.g. "requests admitted over the limit". */
  title: string;
  /** What was counted; for "... per payment" the most that any payment got. */
  value: number;
  /** The most that is right. */
  allowed: number;
  ok: boolean;
  /** The requests behind a value that is not ok, by their ids in the trace. */
  requests: readonly string[];
  /** What is to be known about the value, e.g. that a kill -9 explains a second verification. */
  note?: string | undefined;
}

/** How far a lane is, and what its logs say. */
export interface LaneSnapshot {
  /** E.g. "memory", "redis". */
  provider: string;
  /** Gateways up just now. */
  instances: number;
  /** What is being done to it, e.g. "steady", "rolling restart"; "done" at the end. */
  phase: string;
  /** Requests of the trace, and how many of them have their last answer. */
  requests: number;
  answered: number;
  /** Requests that were sent again, as a client should after 503 or a lost connection. */
  retried: number;
  /** Requests that never got an answer that the plan allows, by id. */
  errors: readonly string[];
  p50Ms: number;
  p99Ms: number;
  rows: readonly Row[];
  finished: boolean;
}
