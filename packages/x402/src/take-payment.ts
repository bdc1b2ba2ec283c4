// A payment that came with a request, through payOnce: verified once, made once, settled once; and what its payer is told.
import {
  type Keep,
  type Paid,
  type Payment,
  payloadHash,
  paymentFingerprint,
  payOnce,
  type StepContext,
} from "@tollbooth-stores/core";
import type { Answer, Serve } from "@tollbooth-stores/http";
import type { x402HTTPResourceServer } from "@x402/core/server";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { isTurnToAsk } from "./ask-seldom.ts";
import {
  alreadyUsed,
  facilitatorUnavailable,
  handlerTimedOut,
  lookupUnavailable,
  malformedPayment,
  owed,
  pending,
  refusedElsewhere,
  unsupportedPayment,
} from "./gate-answers.ts";
import type { GateSettings } from "./gate-settings.ts";
import { AlreadyRan, HandlerThrew, HandlerTimeout, handlerRun, NotSold } from "./handler-run.ts";
import { headersPricedBy, isPricedAlike } from "./headers-priced-by.ts";
import { type IdentifiedPayment, identifyPayment } from "./identify-payment.ts";
import { flowToday } from "./payment-flow.ts";
import { conflictOf, isBoundTo, lastVerificationOf, look, mayBeCharged } from "./payment-record.ts";
import type { Plan } from "./planner.ts";
import { quietly } from "./quietly.ts";
import { nearlyOverIn } from "./refuse-copies.ts";
import { refuseUnknown } from "./refuse-unknown.ts";
import type { RequestAtOrigin } from "./request-at-origin.ts";
import { type SdkPayment, sdkSteps } from "./sdk-steps.ts";
import { sellable } from "./sellable.ts";
import { requireSettleable } from "./settlement-overrides.ts";
import { soldAnswer } from "./sold-answer.ts";

/** A request with a payment. */
export interface PaidRequest {
  readonly request: RequestAtOrigin;
  readonly body: Uint8Array;
  readonly serve: Serve;
  readonly payload: PaymentPayload;
  readonly http: x402HTTPResourceServer;
}

/** A request whose payment is named. */
interface IdentifiedRequest extends Pick<PaidRequest, "request" | "serve" | "http"> {
  readonly bought: SdkPayment;
  readonly payer: string | undefined;
  /** The answer where the facilitator rejects it. */
  readonly refuse: (reason: string) => Promise<Answer>;
  /** The payment's own terms are no longer those of its route. */
  readonly isOnEarlierTerms: boolean;
}

export async function takePayment(
  settings: GateSettings,
  paying: PaidRequest,
  planned: Exclude<Plan, { type: "free" }>,
): Promise<Answer> {
  const { payload } = paying;
  if (planned.type === "matched") {
    const { requirements, extensions, transport } = planned;
    const identity = identifyPayment(payload.payload, requirements);
    if (identity.status === "malformed") return malformedPayment(identity.message);
    if (identity.status === "unsupported") return unsupportedPayment(identity.message);
    const pricedBy = headersPricedBy(planned.pricedBy, paying.request, identity.key);
    const payment = { ...paymentOf(settings, paying, requirements, identity), pricedBy };
    const refuse = (reason: string) => planned.refuse(reason, payload);
    const bought: SdkPayment = { payment, payload, requirements, extensions, transport };
    return pay(settings, { ...paying, bought, payer: identity.payer, refuse, isOnEarlierTerms: false });
  }

  const { transport } = planned;
  // Refused by a hook: that says nothing about the payment.
  if (planned.type === "answer" && planned.answer.status !== 402) return planned.answer;
  const refuse = async (): Promise<Answer> => {
    if (planned.type === "unpriced") throw planned.error;
    return planned.answer;
  };
  // What the route asks for today says nothing about a payment that was taken before. It names its own terms.
  const requirements = payload.accepted;
  const identity = identifyPayment(payload.payload, requirements);
  if (identity.status !== "identified") return refuse();
  const payment = paymentOf(settings, paying, requirements, identity);
  const { status, pricedBy } = await look(settings.store, identity.key);
  if (status === "absent") return refuseUnknown(settings, paying, payment, await refuse());
  // Priced by other headers than the request brings: it is one for something else, at another price.
  if (!isPricedAlike(pricedBy, paying.request, payment.key)) return alreadyUsed();
  const priced = { ...payment, pricedBy };
  const bought: SdkPayment = { payment: priced, payload, requirements, extensions: undefined, transport };
  return pay(settings, { ...paying, bought, payer: identity.payer, refuse, isOnEarlierTerms: true });
}

/** What a request buys, by the terms that `requirements` name. */
export function paymentOf(
  { collector: collectorOf, origin }: GateSettings,
  { request, body }: Pick<PaidRequest, "request" | "body">,
  { payTo, asset, amount }: PaymentRequirements,
  { key, payloadHash: hash, validUntilMs, reference }: IdentifiedPayment,
): Payment {
  const collector = collectorOf?.(request) || undefined;
  const { method, rawPath: path } = request;
  // Bound to its collector too: a stranger's on a payment that came without one makes it another purchase.
  const bodyHash = [payloadHash(body), ...(collector === undefined ? [] : [collector])].join(" ");
  const fingerprint = paymentFingerprint({ payTo, asset, amount, method, origin, path, bodyHash });
  return { key, payloadHash: hash, fingerprint, validUntilMs, collector, reference };
}

async function pay(
  settings: GateSettings,
  { request, serve, http, bought, payer, refuse, isOnEarlierTerms }: IdentifiedRequest,
): Promise<Answer> {
  const { server, store, keeper, leaseMs } = settings;
  const { payment, requirements } = bought;
  const { adapter, signal, sessionMoves } = request;
  const kept = { key: payment.key, signal, sessionMoves, header: (name: string) => adapter.getHeader(name) };
  const keep: Keep<Answer> | undefined = keeper && {
    forMs: keeper.forMs,
    write: (answer) => keeper.write(answer, kept),
    read: (text) => keeper.read(text, kept),
  };
  const flow = flowToday(server, requirements);
  if (flow === undefined) {
    // Nothing was ever sold on such terms, so this is a known payment for something else.
    if (isOnEarlierTerms) return alreadyUsed();
    // A scheme may add a flow to a route's terms at each request, which no check at the start can see.
    throw new Error("The route's payment flow is neither authorization nor upfront.");
  }
  const settlesFirst = settings.settlesFirst || flow === "upfront";
  const handler = handlerRun(
    sellable(serve, settlesFirst ? undefined : (answer) => requireSettleable(server, requirements, answer)),
    { key: payment.key, payer, settled: settlesFirst },
    settings.handlerTimeoutMs,
  );
  // An earlier payment begins nothing, unless these very bytes were accepted when they were what the route asked for. So
  // none gets in at its own price while another payment of its nonce is given up.
  const mayBegin = async () => {
    keeper?.requireTellable?.(kept);
    return !isOnEarlierTerms || isBoundTo(store, payment);
  };
  const requireSellable = async ({ fence, signal: ending }: StepContext) =>
    keeper?.requireSellable?.({ key: payment.key, payer, settled: false, fence, signal: ending }, kept);
  const mayAsk = () => isTurnToAsk(store, payment.key);
  const maySettleAgain = async () =>
    server.hasRegisteredScheme(requirements.network, requirements.scheme) &&
    (await lastVerificationOf(store, payment)).status !== "rejected";
  const asks = { made: handler.made, mayBegin, requireSellable, mayAsk, maySettleAgain };
  const steps = sdkSteps(server, bought, { ...settings, settlesFirst }, asks);

  const sold = (receipt: string, answer: Answer) =>
    soldAnswer(http, { receipt, network: requirements.network, payer, settled: steps.settled() }, answer);

  let paid: Paid<Answer>;
  try {
    paid = await payOnce(
      store,
      payment,
      { ...steps, serve: handler.serve },
      {
        order: settlesFirst ? "settle-then-serve" : "serve-then-settle",
        keep,
        leaseMs,
        signal,
        rememberRefusals: true,
      },
    );
  } catch (error) {
    const failed = handler.failed();
    if (failed === undefined || failed.error !== error) throw error;
    return notMade(settings, payment, error);
  }

  switch (paid.status) {
    case "paid": {
      if (paid.fresh) return sold(paid.receipt, paid.result);
      // A settled authorization is public on the chain: only a collector shows that its payer asks again.
      if (paid.kept === undefined || payment.collector === undefined) return alreadyUsed();
      return sold(paid.receipt, paid.kept);
    }
    case "rejected": {
      const refusal = await refuse(paid.reason);
      // Looked at last: extensions and hooks of the SDK may take their time.
      const overInMs = await nearlyOverIn(store, payment);
      return overInMs === undefined ? refusal : refusedElsewhere(overInMs);
    }
    case "conflict": {
      const conflict = await conflictOf(store, payment);
      if (conflict.status === "used") return alreadyUsed();
      const { status, retryAfterMs } = conflict;
      return status === "rejected" ? refusedElsewhere(retryAfterMs) : pending(retryAfterMs);
    }
    case "pending":
      if (steps.unreachable() === "facilitator") return facilitatorUnavailable();
      return steps.unreachable() === "lookup" ? lookupUnavailable() : pending(paid.retryAfterMs);
  }
}

/** The handler made nothing that is sold. Unless the payment may be charged all the same, its answer or error stands. */
async function notMade({ store, onHandlerError }: GateSettings, { key }: Payment, error: unknown): Promise<Answer> {
  if (error instanceof AlreadyRan) return pending(1_000);
  if (await mayBeCharged(store, key)) {
    void quietly("onHandlerError", () => onHandlerError?.(error));
    return owed();
  }
  if (error instanceof NotSold) return error.answer;
  if (error instanceof HandlerTimeout) return handlerTimedOut();
  throw new HandlerThrew("The handler threw.", { cause: error });
}
