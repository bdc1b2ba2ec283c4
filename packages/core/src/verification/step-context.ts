// The context of every step of the seller.

export interface StepContext {
  /** Aborts when the lease is lost or the step's time is over. */
  signal: AbortSignal;
  /** The lease's fence. Pass it on to any system that can check it. */
  fence: string;
}
