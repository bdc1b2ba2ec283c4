// A payment that came with a request, through payOnce: verified once, made once, settled once; and what its payer is told.
import {
  type Keep,
  type Paid,
  type Payment,
  payloadHash,
  paymentFingerprint,
  payOnce,
  type VerificationStore,
} from "@tollbooth-stores/core";
import type { Answer, AnswerKeeper, RequestContext, Serve } from "@tollbooth-stores/http";
import type { x402HTTPResourceServer, x402ResourceServer } from "@x402/core/server";
import type { PaymentPayload, PaymentRequirements, SettleResponse } from "@x402/core/types";
import {
  alreadyUsed,
  facilitatorUnavailable,
  handlerTimedOut,
  lookupUnavailable,
  malformedPayment,
  owed,
  pending,
  unsupportedPayment,
} from "./gate-answers.ts";
import { AlreadyRan, HandlerThrew, HandlerTimeout, handlerRun, NotSold } from "./handler-run.ts";
import { type IdentifiedPayment, identifyPayment } from "./identify-payment.ts";
import { isBeingVerified, isBoundTo, isUnknown, mayBeCharged } from "./payment-record.ts";
import type { Plan } from "./planner.ts";
import { NOTHING_CHARGED } from "./read-settlement.ts";
import type { PreBroadcastRefusals } from "./refusals.ts";
import { settlesFirst } from "./refuse-routes.ts";
import type { RequestAtOrigin } from "./request-at-origin.ts";
import { lowerCase } from "./sdk-answer.ts";
import { type FindSettlement, fateOf, type SdkPayment, type SdkSteps, sdkSteps } from "./sdk-steps.ts";
import { overridesIn } from "./settlement-overrides.ts";

export interface GateSettings {
  readonly server: x402ResourceServer;
  readonly store: VerificationStore;
  readonly origin: string;
  readonly findSettlement: FindSettlement;
  readonly refusals: PreBroadcastRefusals;
  readonly settlesFirst: boolean;
  readonly collector: ((context: RequestContext) => string | undefined) | undefined;
  readonly keeper: AnswerKeeper | undefined;
  readonly leaseMs: number;
  readonly handlerTimeoutMs: number | undefined;
  readonly onHandlerError: ((error: unknown) => void) | undefined;
}

/** A request with a payment. */
export interface PaidRequest {
  readonly request: RequestAtOrigin;
  readonly body: Uint8Array;
  readonly serve: Serve;
  readonly payload: PaymentPayload;
  readonly http: x402HTTPResourceServer;
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
    const payment = paymentOf(settings, paying, requirements, identity);
    const refuse = (reason: string) => planned.refuse(reason, payload);
    return pay(
      settings,
      paying,
      { payment, payload, requirements, extensions, transport },
      identity.payer,
      refuse,
      false,
    );
  }

  const { answer, transport } = planned;
  // Refused by a hook: that says nothing about the payment.
  if (answer.status !== 402 && answer.status !== 412) return answer;
  // What the route asks for today says nothing about a payment that was taken before. It names its own terms.
  const requirements = payload.accepted;
  const identity = identifyPayment(payload.payload, requirements);
  if (identity.status !== "identified") return answer;
  const payment = paymentOf(settings, paying, requirements, identity);
  // In this order: an acceptance comes before the claim.
  const isVerified = await isBeingVerified(settings.store, identity);
  if (await isUnknown(settings.store, identity.key)) {
    return isVerified ? pending(1_000) : unlessUsed(settings, paying, payment, answer);
  }
  const refuse = async () => answer;
  const known: SdkPayment = { payment, payload, requirements, extensions: undefined, transport };
  return pay(settings, paying, known, identity.payer, refuse, true);
}

function paymentOf(
  { collector: collectorOf, origin }: GateSettings,
  { request, body }: PaidRequest,
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

/** The store may have lost what it knew, so the chain is asked before "pay again" is said. */
async function unlessUsed(
  { server, findSettlement, leaseMs }: GateSettings,
  { request, payload: { accepted } }: PaidRequest,
  payment: Payment,
  refusal: Answer,
): Promise<Answer> {
  // Never sold here, so `findSettlement` need not know that chain.
  if (!server.hasRegisteredScheme(accepted.network, accepted.scheme)) return refusal;
  const signal = AbortSignal.any([AbortSignal.timeout(3 * leaseMs), ...(request.signal ? [request.signal] : [])]);
  try {
    const fate = await fateOf(findSettlement, payment, { signal, fence: "0" });
    if (fate === "used") return alreadyUsed();
    return fate === "open" ? pending(1_000) : refusal;
  } catch {
    return lookupUnavailable();
  }
}

async function pay(
  settings: GateSettings,
  paying: PaidRequest,
  bought: SdkPayment,
  payer: string | undefined,
  refuse: (reason: string) => Promise<Answer>,
  isEarlier: boolean,
): Promise<Answer> {
  const { server, store, keeper, leaseMs } = settings;
  const { payment } = bought;
  const { adapter, signal } = paying.request;
  const kept = { key: payment.key, signal, header: (name: string) => adapter.getHeader(name) };
  const keep: Keep<Answer> | undefined = keeper && {
    forMs: keeper.forMs,
    write: (answer) => keeper.write(answer, kept),
    read: (text) => keeper.read(text, kept),
  };
  const first = settings.settlesFirst || flowSettlesFirst(server, bought.requirements);
  const handler = handlerRun(
    sellable(paying.serve, first),
    { key: payment.key, payer, settled: first },
    settings.handlerTimeoutMs,
  );
  // An earlier payment begins nothing, unless these very bytes were accepted when they were what the route asked for. So
  // none gets in at its own price while another payment of its nonce is given up.
  const mayBegin = async () => !isEarlier || isBoundTo(store, payment);
  const steps = sdkSteps(server, bought, { ...settings, settlesFirst: first }, handler.made, mayBegin);

  let paid: Paid<Answer>;
  try {
    paid = await payOnce(
      store,
      payment,
      { ...steps, serve: handler.serve },
      {
        order: first ? "settle-then-serve" : "serve-then-settle",
        ...{ keep, leaseMs, signal: paying.request.signal },
      },
    );
  } catch (error) {
    const failed = handler.failed();
    if (failed === undefined || failed.error !== error) throw error;
    return notMade(settings, payment, error);
  }

  switch (paid.status) {
    case "paid": {
      if (paid.fresh) return sold(paying, bought, steps, payer, paid.receipt, paid.result);
      // A settled authorization is public on the chain: only a collector shows that its payer asks again.
      if (paid.kept === undefined || payment.collector === undefined) return alreadyUsed();
      return sold(paying, bought, steps, payer, paid.receipt, paid.kept);
    }
    case "rejected":
      return refuse(paid.reason);
    case "conflict":
      return alreadyUsed();
    case "pending":
      if (steps.away() === "facilitator") return facilitatorUnavailable();
      return steps.away() === "lookup" ? lookupUnavailable() : pending(paid.retryAfterMs);
  }
}

/** A scheme that is not registered any more has no flow, and nothing of it can be settled. */
function flowSettlesFirst(server: x402ResourceServer, requirements: PaymentRequirements): boolean {
  if (!server.hasRegisteredScheme(requirements.network, requirements.scheme)) return false;
  const first = settlesFirst(server, requirements);
  if (first === "escrow") throw new Error("The scheme asks for the payment flow escrow, which settles twice.");
  return first;
}

/** The handler made nothing that is sold. Unless the payment may be charged all the same, its answer or error stands. */
async function notMade({ store, onHandlerError }: GateSettings, { key }: Payment, error: unknown): Promise<Answer> {
  if (error instanceof AlreadyRan) return pending(1_000);
  if (await mayBeCharged(store, key)) {
    onHandlerError?.(error);
    return owed();
  }
  if (error instanceof NotSold) return error.answer;
  if (error instanceof HandlerTimeout) return handlerTimedOut();
  throw new HandlerThrew("The handler threw.", { cause: error });
}

/** The receipt goes beside the answer. No cache keeps it: one payment buys one answer. */
function sold(
  { http }: PaidRequest,
  { requirements: { network } }: SdkPayment,
  steps: SdkSteps,
  payer: string | undefined,
  receipt: string,
  { status, headers, body }: Answer,
): Answer {
  const settled = steps.settled();
  const transaction = receipt === NOTHING_CHARGED ? "" : receipt;
  const short = { success: true, transaction, network, ...(payer !== undefined && { payer }) };
  const { "settlement-overrides": _overrides, ...told } = lowerCase(headers);
  const inFull = settled?.transaction === transaction ? settled : short;
  return { status, headers: { ...told, ...receiptHeaders(http, inFull, short), "cache-control": "no-store" }, body };
}

/** The payment is delivered: an extension that adds what no header can say must not keep its answer back. */
function receiptHeaders(
  http: x402HTTPResourceServer,
  inFull: SettleResponse,
  short: SettleResponse,
): Record<string, string> {
  try {
    return lowerCase(http.createSettlementHeaders(inFull));
  } catch {
    return lowerCase(http.createSettlementHeaders(short));
  }
}

/** Refuses, while nothing is charged, an answer that could not be settled or sent. */
function sellable(serve: Serve, isSettled: boolean): Serve {
  return async (payment) => {
    const answer = await serve(payment);
    const { status, headers, body }: Partial<Record<keyof Answer, unknown>> = Object(answer);
    const isSendable = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
    if (!isSendable || typeof headers !== "object" || headers === null || !(body instanceof Uint8Array)) {
      throw new TypeError("An answer needs a status from 200 to 599, headers, and a body of bytes.");
    }
    if (!isSettled) overridesIn(answer);
    return answer;
  };
}
