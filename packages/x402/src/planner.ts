// The SDK as a planner: it matches routes, prices, extensions, hooks and the paywall. It verifies and settles nothing.
import { isDeepStrictEqual } from "node:util";
import { type Answer, handlerReadingsOf } from "@tollbooth-stores/http";
import {
  encodePaymentRequiredHeader,
  type HTTPProcessResult,
  PAYMENT_REQUIRED_CACHE_CONTROL,
  x402HTTPResourceServer,
} from "@x402/core/http";
import type { PaywallConfig, RoutesConfig, x402ResourceServer } from "@x402/core/server";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { askFacilitators } from "./ask-facilitators.ts";
import { recordingReads } from "./headers-priced-by.ts";
import { pathsAsPriced, pricedAs } from "./priced-paths.ts";
import type { RequestAtOrigin } from "./request-at-origin.ts";
import type { ResourceServer } from "./resource-server.ts";
import { routesByLetter } from "./route-patterns.ts";
import { answerOfInstructions } from "./sdk-answer.ts";
import { toldTerms } from "./told-terms.ts";

type RequiredArguments = Parameters<ResourceServer["createPaymentRequiredResponse"]>;

export type Plan =
  /** The route is not sold, or a hook gave free access. */
  | { readonly type: "free" }
  /** The SDK's answer: a price, a paywall, a hook's refusal, or a payment that is not what the route asks for. */
  | { readonly type: "answer"; readonly answer: Answer; readonly transport: unknown }
  /** What the route asks for could not be told: a price function threw, say. No hook refused the request before. */
  | { readonly type: "unpriced"; readonly error: unknown; readonly transport: unknown }
  | {
      readonly type: "matched";
      readonly requirements: PaymentRequirements;
      readonly extensions: Record<string, unknown> | undefined;
      /** What the SDK gives its hooks: `{ request }`. */
      readonly transport: unknown;
      /** What the route's terms were made of beside method, URL and body, by name. */
      readonly pricedBy: ReadonlySet<string>;
      /** 402 (or 412) with the route's terms and the reason. */
      refuse(reason: string, payload: PaymentPayload): Promise<Answer>;
    };

export interface Planner {
  /** The seller's own: for hooks and the paywall. Never its `processSettlement`: the gate settles. */
  readonly http: x402HTTPResourceServer;
  /** Whether a route is that of the request, for the SDK or letter by letter. */
  sells(request: RequestAtOrigin): boolean;
  /** Unpriced by an AmbiguousPath where a router could run another price's handler. */
  plan(request: RequestAtOrigin): Promise<Plan>;
  /** Whether a hook lets the request through for nothing. Only the hooks run. Rejects as they do. */
  isFree(request: RequestAtOrigin): Promise<boolean>;
}

/** The router may run the handler of another price than that which the SDK tells. */
export class AmbiguousPath extends Error {
  override readonly name = "AmbiguousPath";

  /** "route": another route's, for a router that takes the path letter by letter. "case": that of the path in other letter case. */
  readonly by: "route" | "case";

  constructor(by: "route" | "case") {
    super(`The price of another ${by} could be meant.`);
    this.by = by;
  }
}

/** Ends the SDK's planning at the prices, which come after the hooks. */
const hooksAreOver = new Error("The request's hooks have run.");

/**
 * The seam is public: a server that has all of the seller's methods, and whose `verifyPayment` answers valid and whose
 * `getPaymentFlow` answers "authorization". With it `processHTTPRequest` neither calls a facilitator nor settles.
 */
export function planner(server: ResourceServer, routes: RoutesConfig, paywall: PaywallConfig | undefined): Planner {
  /** By the request's adapter, which the SDK hands through: how it made the route's terms. */
  const made = new WeakMap<object, RequiredArguments>();
  /** By the request's adapter: the context of a request that its hooks let through. */
  const pricing = new WeakMap<object, unknown>();
  /** By the request's adapter: what the route's price and payTo functions read of it. */
  const reading = new WeakMap<object, ReturnType<typeof recordingReads>>();
  /** By the request's adapter: for these only the hooks run. */
  const unpriced = new WeakSet<object>();
  const planning = serverWith(server, {
    // The seller's own server will verify and settle, so it asks.
    initialize: () => askFacilitators(server),
    verifyPayment: async () => ({ isValid: true }),
    getPaymentFlow: () => "authorization",
    async buildPaymentRequirementsFromOptions(options, context) {
      const adapter = adapterOf(context);
      if (adapter !== undefined && unpriced.has(adapter)) throw hooksAreOver;
      if (adapter !== undefined) pricing.set(adapter, context);
      const reads = adapter && reading.get(adapter);
      if (reads === undefined) return toldTerms(server, options, context);
      const paths = pathsAsPriced(context);
      if (paths === undefined) return toldTerms(server, options, { ...context, adapter: reads.adapter });
      const termsFor = (path: string) => toldTerms(server, options, pricedAs(path, context, reads.adapter));
      const terms = await termsFor(paths.path);
      for (const { path, by } of paths.others) {
        const others = await termsFor(path).catch(() => undefined);
        if (!isDeepStrictEqual(others, terms)) throw new AmbiguousPath(by);
      }
      return terms;
    },
    createPaymentRequiredResponse(...given) {
      const adapter = adapterIn(given[4]);
      if (adapter !== undefined) made.set(adapter, given);
      return server.createPaymentRequiredResponse(...given);
    },
  });
  const http = new x402HTTPResourceServer(planning, routes);
  const byLetter = routesByLetter(routes);
  http.onProtectedRequest(async (context, route) => {
    const read = handlerReadingsOf(context.path).all.map((path) => ({ ...context, path, decodedPath: path }));
    const possible = [context, ...read].flatMap((target) => [...byLetter(target)]);
    if (possible.some((other) => other !== route)) throw new AmbiguousPath("route");
  });

  return {
    http,
    sells: (request) => http.requiresPayment(request) || byLetter(request).size > 0,
    async isFree(request) {
      unpriced.add(request.adapter);
      try {
        return (await http.processHTTPRequest(request)).type === "no-payment-required";
      } catch (error) {
        if (error === hooksAreOver || error instanceof AmbiguousPath) return false;
        throw error;
      }
    },
    async plan(request) {
      const unpricedBy = (error: AmbiguousPath) => ({ type: "unpriced", error, transport: { request } }) as const;
      // For the SDK it is free.
      if (!http.requiresPayment(request)) return unpricedBy(new AmbiguousPath("route"));
      const reads = recordingReads(request);
      reading.set(request.adapter, reads);
      let planned: HTTPProcessResult;
      try {
        planned = await http.processHTTPRequest(request, paywall);
      } catch (error) {
        if (error instanceof AmbiguousPath) return unpricedBy(error);
        const context = pricing.get(request.adapter);
        if (context === undefined) throw error;
        return { type: "unpriced", error, transport: { request: context } };
      }
      if (planned.type === "no-payment-required") return { type: "free" };
      const terms = made.get(request.adapter);
      const transport = terms?.[4];
      if (planned.type === "payment-error") {
        return { type: "answer", answer: answerOfInstructions(planned.response), transport };
      }
      if (terms === undefined)
        throw new Error("This version of @x402/core matches a payment without the route's terms.");
      const [accepts, resource, , extensions] = terms;
      return {
        type: "matched",
        requirements: planned.paymentRequirements,
        extensions: planned.declaredExtensions,
        transport,
        pricedBy: reads.names,
        async refuse(reason, payload) {
          const required = await server.createPaymentRequiredResponse(
            accepts,
            resource,
            reason,
            extensions,
            transport,
            payload,
          );
          return answerOfInstructions({
            // As the SDK has it: the payer has to approve Permit2 first.
            status: reason === "permit2_allowance_required" ? 412 : 402,
            headers: {
              "Content-Type": "application/json",
              "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required),
              "Cache-Control": PAYMENT_REQUIRED_CACHE_CONTROL,
            },
          });
        },
      };
    },
  };
}

/**
 * The seller's server, of whichever copy of the SDK, with some methods of its own. All others run on the seller's, which may be of a
 * class with private fields: those are no other object's, also not one's that inherits.
 */
function serverWith(server: ResourceServer, own: Partial<ResourceServer>): x402ResourceServer {
  const methods = new Map<string | symbol, unknown>(Object.entries(own));
  // An empty target: of properties that a target has, a proxy must answer as they are.
  return new Proxy<x402ResourceServer>(Object.create(Object.getPrototypeOf(server)), {
    get(_target, name) {
      if (methods.has(name)) return methods.get(name);
      const value: unknown = Reflect.get(server, name);
      return typeof value === "function" ? value.bind(server) : value;
    },
    has: (_target, name) => Reflect.has(server, name),
    set: (_target, name, value) => Reflect.set(server, name, value),
  });
}

function adapterIn(transport: unknown): object | undefined {
  if (typeof transport !== "object" || transport === null || !("request" in transport)) return undefined;
  return adapterOf(transport.request);
}

function adapterOf(context: unknown): object | undefined {
  if (typeof context !== "object" || context === null || !("adapter" in context)) return undefined;
  return typeof context.adapter === "object" && context.adapter !== null ? context.adapter : undefined;
}
