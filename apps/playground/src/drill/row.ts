// One line of the drill's table, for one lane.

/** What a row is about. Every verdict comes from the logs of the ledger, its facilitator and the upstream. */
export type RowKey =
  | "over-limit"
  | "sessions-lost"
  | "verifies-per-payment"
  | "runs-per-payment"
  | "transfers-per-payment"
  | "replays-accepted"
  | "paid-not-served"
  | "paid-not-delivered"
  | "served-not-paid";

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
