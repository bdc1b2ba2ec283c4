// How a gate keeps an answer for a payer that lost it, where more is known of the answer than its bytes.
import type { Answer } from "./answer.ts";
import type { PaymentInHand } from "./payment-in-hand.ts";

/** The request whose answer is kept, or told again. */
export interface KeptRequest {
  /** Names the payment. */
  readonly key: string;
  /** Aborted where the client has gone. */
  readonly signal?: AbortSignal | undefined;
  /** Reads the request's headers. A request that is told again has the collector of the first one. */
  readonly header: (name: string) => string | undefined;
  /** `sessionMoves` of the request's context. */
  readonly sessionMoves?: ReadonlyMap<string, string> | undefined;
}

export interface AnswerKeeper {
  /** How long after its delivery an answer is kept, in milliseconds. */
  readonly forMs: number;
  /**
   * Called before a new payment is verified. A throw: the answer could not be told again, so nothing is sold or charged, and the gate's
   * `handle` rejects with it.
   */
  requireTellable?(request: KeptRequest): void;
  /**
   * Called once a new payment is verified, before it is charged, with a `settled` that is false. A rejection: what the handler is to sell
   * cannot be sold, so nothing is charged, and the gate's `handle` rejects with it.
   */
  requireSellable?(payment: PaymentInHand, request: KeptRequest): Promise<void>;
  /**
   * True: an answer is told again only to a request with the same `collector`. A gate without a collector is STORE_CONFIG when it is
   * made.
   */
  readonly needsCollector?: boolean | undefined;
  /** The store keeps the text in plain. A throw: the answer is not kept. */
  write(answer: Answer, request: KeptRequest): string;
  /** A throw: an owed answer is made again, and a duplicate gets none (409). A `StoreError`: a duplicate is 503. */
  read(text: string, request: KeptRequest): Answer | Promise<Answer>;
}
