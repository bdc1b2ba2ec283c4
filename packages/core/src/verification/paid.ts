// What payOnce answers: what became of a payment.

export type Paid<R> =
  /** fresh is true for exactly one caller on all instances: only it was served now. `stored` is what serialize kept, for duplicates. */
  | { status: "paid"; fresh: true; receipt: string; result: R }
  | { status: "paid"; fresh: false; receipt: string; stored?: string }
  /** 402 */
  | { status: "rejected"; reason: string }
  /** 409 */
  | { status: "conflict" }
  /** 503 + Retry-After, never 402 */
  | { status: "pending"; retryAfterMs: number };
