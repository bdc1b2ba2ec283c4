// What a framework's middleware asks of a gate that sells answers. Its shapes are those of the x402 SDK's HTTP adapter.
import type { Answer } from "./answer.ts";
import type { AnswerKeeper } from "./answer-keeper.ts";
import type { PaymentInHand } from "./payment-in-hand.ts";

/** What a gate asks about a request. */
export interface RequestAdapter {
  getHeader(name: string): string | undefined;
  getMethod(): string;
  getPath(): string;
  /**
   * The whole URL: path and query as they were sent. The gate puts its own origin in the place of what comes before. A client writes its
   * Host header as it likes, `a/sold?` too: make no URL of it.
   */
  getUrl(): string;
  getAcceptHeader(): string;
  getUserAgent(): string;
  getQueryParams?(): Record<string, string | string[]>;
  getQueryParam?(name: string): string | string[] | undefined;
  /**
   * The body as the framework's handlers read it, so that a price by the body is the price of what they make. Without it a gate makes one
   * of the bytes that `handle` is given.
   */
  getBody?(): unknown;
}

export interface RequestContext {
  readonly adapter: RequestAdapter;
  /** As it was sent. */
  readonly path: string;
  /** As the framework's router matched it, where that may differ. Its route's price is asked, or else that of `path`. */
  readonly decodedPath?: string;
  /**
   * `decodedPath` in other letter case, where the framework's router heeds none and runs the same handler for either. A gate must not
   * sell at a price that depends on such a letter.
   */
  readonly otherSpelling?: string;
  readonly method: string;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
  /** New ids by old ones, of the sessions that middleware in front has moved in this request. */
  readonly sessionMoves?: ReadonlyMap<string, string> | undefined;
}

/** Makes the answer that is sold, whole: it sees none of the request's `hiddenHeaders`. */
export type Serve = (payment: PaymentInHand) => Promise<Answer>;

export interface KnownPayments {
  /**
   * Whether the gate would answer the request for a payment that is under way, in doubt, or charged and not handed over, or would
   * tell a kept answer again. Its payer comes for what was bought, so a rate limit in front of the gate must let it pass. False for a
   * request that the gate lets through for nothing: that one is the limit's. Nothing is verified: it opens nothing else. Rejects where
   * the store cannot say.
   */
  knows(context: RequestContext): Promise<boolean>;
}

export interface PaidGate {
  /**
   * Whether the gate sells the request's route. Calls no other system. Without it a middleware learns so of `handle`, and cannot tell
   * a route that is not sold from free access.
   */
  sells?(context: RequestContext): boolean;
  /** How it keeps answers; false: not at all. With it `sellSession` is checked when it is made, and not at the first payment. */
  readonly answers?: AnswerKeeper | false | undefined;
  /**
   * Answers a request for a route that is sold. `undefined`: the route is not sold (or this request has free access), so the
   * next handler answers. `serve` runs at most once in a call, and in none that is answered from what was kept.
   */
  handle(context: RequestContext, body: Uint8Array, serve: Serve): Promise<Answer | undefined>;
}
