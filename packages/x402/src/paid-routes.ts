// The gate of a paid API: payOnce owns the flow, and the official SDK plans, verifies and settles.
import { type Reconciled, type ReconcileOptions, reconcileUnresolved, StoreError } from "@tollbooth-stores/core";
import { checkArguments, durationOption } from "@tollbooth-stores/core/native";
import type { Answer, KnownPayments, PaidGate, RequestContext, Serve } from "@tollbooth-stores/http";
import type { RoutesConfig, x402HTTPResourceServer } from "@x402/core/server";
import type { PaymentPayload } from "@x402/core/types";
import { forgetFacilitators } from "./ask-facilitators.ts";
import {
  ambiguousPath,
  failure,
  headIsNotSold,
  malformedPayment,
  noPriceNow,
  notReady,
  paymentTooLarge,
  preflight,
  websocketIsNotSold,
} from "./gate-answers.ts";
import { checkContext, checkReconcile, checkSale } from "./gate-arguments.ts";
import { gateSettings } from "./gate-settings.ts";
import { HandlerThrew } from "./handler-run.ts";
import { identifyPayment } from "./identify-payment.ts";
import { ofOwnNetworks } from "./own-payments.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";
import { isForPurchase, stageOf } from "./payment-record.ts";
import { AmbiguousPath, planner } from "./planner.ts";
import { readPaymentHeader } from "./read-payment-header.ts";
import { type ReconcileRound, reconcileEvery } from "./reconcile-every.ts";
import { refusePrices, refuseRoutes, requireRoutes } from "./refuse-routes.ts";
import { type RequestAtOrigin, requestAtOrigin } from "./request-at-origin.ts";
import { bringsBody, isHead, isPaidFor, isPreflight, isWebsocket } from "./request-kinds.ts";
import type { ResourceServer } from "./resource-server.ts";
import { paymentOf, takePayment } from "./take-payment.ts";
import { haveAllAnswered, namingUnanswered } from "./watch-facilitators.ts";
import { withBody } from "./with-body.ts";
import { LONGEST_TIMER_MS, within } from "./within.ts";

export interface PaidRoutes extends PaidGate, KnownPayments {
  /** The SDK's side, for `onProtectedRequest` hooks and a paywall provider. Do not let it process requests. */
  readonly http: x402HTTPResourceServer;
  /**
   * Asks the facilitators what they support, and checks the routes. `handle` does so at its first call. Rejects with
   * STORE_CONFIG for a route that cannot be sold safely, and with the SDK's errors. A failure may be tried again.
   */
  initialize(): Promise<void>;
  /** Whether a route of the gate is that of the request. A route of GET is that of HEAD too. */
  sells(context: RequestContext): boolean;
  /**
   * Answers a request for a route that is sold. `undefined`: the next handler answers, because the route is not sold, or a hook gave
   * free access. A preflight of a sold route is 204, and reaches no handler.
   *
   * `serve` must not see the headers that `hiddenHeaders(method)` of @tollbooth-stores/http names, because a payment buys the whole answer.
   * A 304 is its error.
   *
   * Rejects with what `serve` threw, once the payment is free again; with `context.signal`'s reason where the client has
   * gone; and with an error of a price function or a hook. A payment that was taken before is finished though a price function
   * throws. Failures of the store are answers (503).
   */
  handle(context: RequestContext, body: Uint8Array, serve: Serve): Promise<Answer | undefined>;
  /**
   * Asks `findSettlement` about every payment in doubt of a network that a route sells on: for a timer. Those of other networks
   * stay in doubt. As core's `reconcileUnresolved`.
   */
  reconcile(options?: ReconcileOptions): Promise<Reconciled>;
  /**
   * `reconcile` again and again, on any number of instances. `interval`: milliseconds, or a duration such as "1m". `onRound` hears what
   * came of each round; after one that failed the next one tries again. It keeps no process alive. The function that it returns ends it,
   * and resolves when the last round is over. Throws STORE_CONFIG for an interval that is none, or above 24 days.
   */
  reconcileEvery(interval: number | string, onRound?: (round: ReconcileRound) => void): () => Promise<void>;
}

/**
 * Sells `routes` with the official SDK's `server`. Each payment is verified once, served once and settled once, on all
 * instances that share the store. Throws STORE_CONFIG for options that cannot be meant and for routes that cannot be sold
 * safely, and what the SDK throws for routes.
 */
export function paidRoutes(server: ResourceServer, routes: RoutesConfig, options: PaidRoutesOptions): PaidRoutes {
  const settings = checkArguments("paidRoutes", () => {
    const checked = gateSettings(server, options);
    requireRoutes(routes);
    return { ...checked, findSettlement: ofOwnNetworks(routes, checked.findSettlement) };
  });
  const { store, findSettlement, leaseMs, origin } = settings;
  const { http, sells, plan, isFree } = planner(server, routes, options.paywall);
  refuseRoutes(server, routes);
  let initialized: Promise<void> | undefined;
  let isReady = false;

  function initialize(): Promise<void> {
    initialized ??= start().catch((error: unknown) => {
      initialized = undefined;
      throw error;
    });
    return initialized;
  }

  async function start(): Promise<void> {
    // Again, for schemes that were registered since.
    refuseRoutes(server, routes);
    await http.initialize().catch((error: unknown) => {
      forgetFacilitators(server);
      throw namingUnanswered(server, error);
    });
    await refusePrices(server, routes);
    isReady = true;
  }

  /** Rejects after three leases: a facilitator or a price parser may never answer. The next request asks again. */
  async function ready(signal: AbortSignal | undefined): Promise<void> {
    if (isReady) return;
    const late = () => {
      initialized = undefined;
      forgetFacilitators(server);
      return new DOMException("The facilitators, or what reads the prices, did not answer in time.", "TimeoutError");
    };
    await within(3 * leaseMs, signal, late, initialize);
  }

  /** As the route that sells the request matches it: the router's view is first, because its handler runs. */
  function matched(context: RequestContext, method = context.method): RequestAtOrigin | undefined {
    return [context.decodedPath ?? context.path, context.path]
      .map((path) => ({ ...requestAtOrigin(context, origin, method), path }))
      .find(sells);
  }

  /** The price of a HEAD request is that of the GET it asks about. */
  function sold(context: RequestContext): RequestAtOrigin | undefined {
    return (isHead(context) ? matched(context, "GET") : undefined) ?? matched(context);
  }

  /** No handler runs for it. */
  async function head(request: RequestAtOrigin): Promise<Answer | undefined> {
    if (isPaidFor(request)) return headIsNotSold();
    const planned = await plan(request);
    if (planned.type === "unpriced") throw planned.error;
    return planned.type === "answer" ? { ...planned.answer, body: new Uint8Array() } : undefined;
  }

  async function answer(context: RequestContext, body: Uint8Array, serve: Serve): Promise<Answer | undefined> {
    const matching = sold(context);
    if (matching === undefined) return undefined;
    if (isPreflight(context)) return preflight();
    const request = withBody(matching, body);
    try {
      await ready(context.signal);
    } catch (error) {
      // The payment may have been taken before, by an instance that was well. It is answered once this one is.
      if (isPaidFor(request)) return notReady();
      if (isConfigurationError(error, haveAllAnswered(server))) throw error;
      return noPriceNow();
    }
    if (isHead(context)) return head(request);
    const header = readPaymentHeader(request.adapter);
    if (header.status === "oversized") return paymentTooLarge();
    if (header.status === "malformed") return malformedPayment(header.message);
    const planned = await plan(request);
    if (planned.type === "free") return undefined;
    if (isWebsocket(context)) return websocketIsNotSold();
    if (header.status === "payment") {
      return takePayment(settings, { request, body, serve, payload: header.payload, http }, planned);
    }
    if (planned.type === "unpriced") throw planned.error;
    if (planned.type === "answer") return planned.answer;
    throw new Error("This version of @x402/core reads a payment from another header.");
  }

  /** The body is not read yet where a payment is to be known, so a request that may have one is told by the payment alone. */
  async function isItsPurchase(request: RequestAtOrigin, payload: PaymentPayload): Promise<boolean> {
    if (!["GET", "OPTIONS"].includes(request.method.toUpperCase()) || bringsBody(request)) return true;
    const identity = identifyPayment(payload.payload, payload.accepted);
    if (identity.status !== "identified") return false;
    const bought = paymentOf(settings, { request, body: new Uint8Array() }, payload.accepted, identity);
    return isForPurchase(store, bought, { signal: request.signal });
  }

  const reconcile = async (more?: ReconcileOptions) => {
    checkReconcile(more);
    return reconcileUnresolved(store, findSettlement, { leaseMs, ...more });
  };

  return {
    http,
    answers: settings.keeper ?? false,
    initialize,
    sells(context) {
      checkContext("sells", context);
      return sold(context) !== undefined;
    },
    async handle(context, body, serve) {
      checkSale(context, body, serve);
      try {
        return await answer(context, body, serve);
      } catch (error) {
        if (error instanceof HandlerThrew) throw error.cause;
        if (error instanceof AmbiguousPath) return ambiguousPath(error.by);
        context.signal?.throwIfAborted();
        const refusal = failure(error);
        if (refusal === undefined) throw error;
        return refusal;
      }
    },
    async knows(context) {
      checkContext("knows", context);
      const request = sold(context);
      if (request === undefined || isHead(context) || isPreflight(context) || isWebsocket(context)) return false;
      const header = readPaymentHeader(context.adapter);
      if (header.status !== "payment") return false;
      const stage = await stageOf(store, header.payload, { signal: context.signal });
      if (stage === "none") return false;
      // Without a collector, or where nothing is kept, the answer is 409: used before.
      const isRetold = settings.keeper !== undefined && Boolean(settings.collector?.(request));
      if (stage === "delivered" && !isRetold) return false;
      if (!(await isItsPurchase(request, header.payload))) return false;
      return !(await isFree(request));
    },
    reconcile,
    reconcileEvery(interval, onRound) {
      const intervalMs = checkArguments("gate.reconcileEvery", () => {
        if (onRound !== undefined && typeof onRound !== "function") {
          throw new StoreError("STORE_CONFIG", "onRound must be a function of what came of a round.");
        }
        return durationOption(interval, "interval", LONGEST_TIMER_MS);
      });
      return reconcileEvery(intervalMs, reconcile, onRound);
    },
  };
}

/**
 * It will be the same at the next request, unless a facilitator that is away is all that is missing. By name, because an application
 * may have several copies of the SDK.
 */
function isConfigurationError(error: unknown, isEachFacilitatorKnown: boolean): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name !== "RouteConfigurationError")
    return ["StoreError", "FacilitatorCapabilityError"].includes(error.name);
  const { errors }: { errors?: unknown } = Object(error);
  const isOneMissing = Array.isArray(errors) && errors.every((one) => Object(one).reason === "missing_facilitator");
  return isEachFacilitatorKnown || !isOneMissing;
}
