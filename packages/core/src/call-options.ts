// Shared by every store call and every store: call options and capabilities.

/** Options of a single call. */
export interface CallOptions {
  /** Aborts the wait: the call rejects with `signal.reason`. A request that was already sent may still take effect. */
  signal?: AbortSignal | undefined;
}

/** What a store can promise. Code for more than one instance refuses a store that is not shared and atomic. */
export interface Capabilities {
  /** Other instances see the same state. */
  shared: boolean;
  /** Every operation is atomic against every other user of the state. */
  atomic: boolean;
  /** State outlives this process. */
  durable: boolean;
}
