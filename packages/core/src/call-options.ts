// What every store call and every store has in common.

/** Options of a single call. */
export interface CallOptions {
  /** Aborts the wait: the call rejects with `signal.reason`. What was already sent may still take effect. */
  signal?: AbortSignal | undefined;
}

/** What a store can promise. Code that needs more than one instance refuses a store that is not shared and atomic. */
export interface Capabilities {
  /** Other instances see the same state. */
  shared: boolean;
  /** Every operation is atomic against all who share the state. */
  atomic: boolean;
  /** State outlives this process. */
  durable: boolean;
}
