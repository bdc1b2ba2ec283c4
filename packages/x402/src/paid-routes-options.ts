// The options of paidRoutes.
import type { VerificationStore } from "@tollbooth-stores/core";
import type { AnswerKeeper, RequestContext } from "@tollbooth-stores/http";
import type { PaywallConfig } from "@x402/core/server";
import type { KeptAnswers } from "./kept-answers.ts";
import type { FacilitatorRefusals, PreBroadcastRefusals } from "./refusals.ts";
import type { FindSettlement } from "./sdk-steps.ts";

export interface PaidRoutesOptions {
  /** Where payments are remembered: on several instances, a shared one. */
  store: VerificationStore;
  /**
   * The origin under which buyers reach the API, e.g. "https://api.example". It is part of what a payment buys. The Host
   * header is never used: a client writes it.
   */
  origin: string;
  /**
   * Asks the chain what became of a payment. `context.reference` is JSON of all that was signed. Answer a receipt only for
   * a final transfer to the seller, and `none` only where no settlement can come any more. `"unknown"` is always safe.
   */
  findSettlement: FindSettlement;
  /**
   * A secret of the request that only its payer knows, such as its Idempotency-Key. Only a request with the same one gets
   * a delivered answer again. Without it, a payment that is settled and delivered is answered with 409.
   */
  collector?: ((context: RequestContext) => string | undefined) | undefined;
  /**
   * Default "serve-then-settle". A route whose payment flow is "upfront" settles first in any case.
   */
  order?: "serve-then-settle" | "settle-then-serve" | undefined;
  /**
   * The part of an answer that the store keeps beside its payment, in plain text. `soldSessions` is a keeper with a text of its own.
   * `false`: nothing. Then a payer that lost the answer gets 409.
   */
  answers?: KeptAnswers | AnswerKeeper | false | undefined;
  /** Milliseconds, or a duration such as "10s"; at most an hour. Default 10,000. The facilitator has three leases to answer. */
  leaseMs?: number | string | undefined;
  /**
   * How long the handler may take: milliseconds, or a duration such as "30s". Then 504, and nothing is charged. Default: as long as it
   * likes.
   */
  handlerTimeoutMs?: number | string | undefined;
  /**
   * Reasons that prove that nothing was sent. Default `evmRefusals`. A map is for all facilitators of the server. A function
   * gives each facilitator its own: it is called with the client that the server was given, for every client at once, and
   * again at each payment. It is called with undefined for the words of `beforeSettle` and `beforeVerify` hooks. A reason that
   * is missing leaves its payment in doubt until the chain or its expiry decides. STORE_CONFIG where a map is none.
   */
  refusals?: PreBroadcastRefusals | FacilitatorRefusals | undefined;
  /** For the SDK's paywall in browsers. */
  paywall?: PaywallConfig | undefined;
  /**
   * Told of a handler's error that is answered with 503, because its payment may be charged. Any other error is thrown
   * by `handle`.
   */
  onHandlerError?: ((error: unknown) => void) | undefined;
}
