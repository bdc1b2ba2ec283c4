// The answer of payOnce: what became of a payment.

export type Paid<R> =
  /**
   * `fresh` is true for at most one caller across all instances, and only while that caller waits: serve this answer
   * alone. The result may be one that an attempt that died had kept.
   */
  | { status: "paid"; fresh: true; receipt: string; result: R }
  /** Delivered before. `kept`: its result, where it was kept. */
  | { status: "paid"; fresh: false; receipt: string; kept?: R }
  /** 402 */
  | { status: "rejected"; reason: string }
  /** 409 */
  | { status: "conflict" }
  /** 503 + Retry-After, never 402 */
  | { status: "pending"; retryAfterMs: number };
