// The payment that a handler sells for.

/** The payment that an answer is made for. */
export interface PaymentInHand {
  /** Names the payment on every instance and at every attempt: an `opId` for `credit`, say. */
  readonly key: string;
  /** The payer's address, where the payload names it. The facilitator has verified it. */
  readonly payer?: string | undefined;
  /** Whether the money has moved already. False: it is settled after the answer is made, and may be refused then. */
  readonly settled?: boolean | undefined;
  /**
   * Aborts while the answer is made: when this attempt lost its lease, its time is over, or making it failed, as at too many bytes. What
   * the gate refuses of a whole answer, a status or a header, aborts nothing.
   */
  readonly signal: AbortSignal;
  /** The lease's fence, for systems that can check it. */
  readonly fence: string;
}
