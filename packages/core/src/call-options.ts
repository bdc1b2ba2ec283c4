// Shared by every store call and every store: call options and capabilities.

/** Options of a single call. */
export interface CallOptions {
  /** Aborts the wait: the call rejects with `signal.reason`. A request that was already sent may still take effect. */
  signal?: AbortSignal | undefined;
}

/** Options of a call to a port. */
export interface PortCallOptions extends CallOptions {
  /**
   * `performance.now()` at the start of the operation of which this call is a step. A port's deadline, if it has one,
   * counts from there: one deadline for all steps. Default: the call's own start.
   */
  startedAtMs?: number | undefined;
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
