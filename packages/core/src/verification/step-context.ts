// What every step of the seller's is given.

export interface StepContext {
  /** Aborts when the lease is lost or the step's time is over. */
  signal: AbortSignal;
  /** Pass it to whatever can check it. */
  fence: string;
}
