// What payOnce answers: what became of a payment.

export type Paid<R> =
  /**
   * `fresh` is true for at most one caller on all instances, who is still there: only this one is served now. A result made
   * by an attempt that died may be read from what was kept.
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
