// The options of paidRoutes, checked before anything is sold.
import { StoreError, type VerificationStore } from "@tollbooth-stores/core";
import { durationOption, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { type AnswerKeeper, presentedSession, type RequestContext } from "@tollbooth-stores/http";
import { evmSettlements } from "./evm/evm-settlements.ts";
import { keepAnswers } from "./kept-answers.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";
import { evmRefusals, type FacilitatorRefusals, type PreBroadcastRefusals, refusalsByFacilitator } from "./refusals.ts";
import type { ResourceServer } from "./resource-server.ts";
import type { FindSettlement } from "./sdk-steps.ts";
import { facilitatorsOf, watchFacilitators } from "./watch-facilitators.ts";
import { LONGEST_TIMER_MS } from "./within.ts";

export interface GateSettings {
  readonly server: ResourceServer;
  readonly store: VerificationStore;
  readonly origin: string;
  readonly findSettlement: FindSettlement;
  readonly refusals: FacilitatorRefusals;
  readonly settlesFirst: boolean;
  readonly collector: ((context: RequestContext) => string | undefined) | undefined;
  readonly keeper: AnswerKeeper | undefined;
  readonly leaseMs: number;
  readonly handlerTimeoutMs: number | undefined;
  readonly onHandlerError: ((error: unknown) => void) | undefined;
}

const optionNames: OptionNames<PaidRoutesOptions> = {
  store: true,
  origin: true,
  findSettlement: true,
  collector: true,
  order: true,
  answers: true,
  leaseMs: true,
  handlerTimeoutMs: true,
  refusals: true,
  paywall: true,
  onHandlerError: true,
};

const LONGEST_LEASE_MS = 3_600_000;
const DEFAULT_LEASE_MS = 10_000;

/** Throws STORE_CONFIG: what cannot be meant must not show at a payment. */
export function gateSettings(server: ResourceServer, options: PaidRoutesOptions): GateSettings {
  requireKnownOptions(options, optionNames);
  const { store, findSettlement, collector, onHandlerError, order = "serve-then-settle", handlerTimeoutMs } = options;
  for (const method of ["verifyPayment", "settlePayment", "hasRegisteredScheme"]) {
    requireFunction(Object(server)[method], "server must be an x402ResourceServer of @x402/core/server.");
  }
  for (const method of ["claim", "renew", "complete"]) {
    requireFunction(Object(store)[method], "store must be a VerificationStore: `stores.verifications` of a provider.");
  }
  requireFunction(findSettlement, 'findSettlement must be a function; `async () => "unknown"` is always safe.');
  if (Object.is(findSettlement, evmSettlements)) {
    throw wrong("findSettlement must be what evmSettlements makes: evmSettlements(client).");
  }
  requireFunction(collector ?? noFunction, "collector must be a function of the request's context.");
  if (Object.is(collector, presentedSession)) {
    throw wrong("collector must be what presentedSession makes: presentedSession({ bearer: true }), say.");
  }
  if (options.paywall !== undefined)
    requireObject(options.paywall, "paywall must be the SDK's PaywallConfig, an object.");
  requireFunction(onHandlerError ?? noFunction, "onHandlerError must be a function.");
  if (order !== "serve-then-settle" && order !== "settle-then-serve") {
    throw wrong('order must be "serve-then-settle" or "settle-then-serve".');
  }
  const keeper = keeperOf(options.answers);
  if (keeper?.needsCollector === true && collector === undefined) {
    throw wrong(
      "answers need a collector: they are told again only to a request with the collector of the first one. For soldSessions: the buyer's " +
        "Idempotency-Key, or else presentedSession(...).",
    );
  }
  watchFacilitators(server);
  return {
    server,
    store,
    findSettlement,
    collector: collector && checkedCollector(collector),
    onHandlerError,
    origin: checkedOrigin(options.origin),
    refusals: checkedRefusals(server, options.refusals ?? evmRefusals),
    settlesFirst: order === "settle-then-serve",
    keeper,
    leaseMs: durationOption(options.leaseMs ?? DEFAULT_LEASE_MS, "leaseMs", LONGEST_LEASE_MS),
    handlerTimeoutMs:
      handlerTimeoutMs === undefined
        ? undefined
        : durationOption(handlerTimeoutMs, "handlerTimeoutMs", LONGEST_TIMER_MS),
  };
}

const wrong = (message: string) => new StoreError("STORE_CONFIG", message);

const noFunction = (): void => undefined;

function requireFunction(value: unknown, message: string): void {
  if (typeof value !== "function") throw wrong(message);
}

function requireObject(value: unknown, message: string): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(message);
}

/** Of promises each would be the same text, so strangers would be told each other's answers. */
function checkedCollector(collector: NonNullable<PaidRoutesOptions["collector"]>): GateSettings["collector"] {
  return (context) => {
    const secret: unknown = collector(context) ?? undefined;
    if (secret === undefined || typeof secret === "string") return secret;
    throw wrong(
      "collector must return text, or undefined where the request has none; no promise. Nothing was charged.",
    );
  };
}

function checkedOrigin(origin: unknown): string {
  if (typeof origin !== "string" || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw wrong('origin must be an origin without a path, such as "https://api.example".');
  }
  return origin;
}

/** Asked for every facilitator once, because at a settlement it would be too late. */
function checkedRefusals(
  server: ResourceServer,
  given: PreBroadcastRefusals | FacilitatorRefusals,
): FacilitatorRefusals {
  const refusals = refusalsByFacilitator(given);
  for (const facilitator of [undefined, ...facilitatorsOf(server)]) refusals(facilitator);
  return refusals;
}

function keeperOf(answers: PaidRoutesOptions["answers"] = {}): AnswerKeeper | undefined {
  if (answers === false) return undefined;
  requireObject(answers, "answers must be { maxBytes, headers, forMs }, a keeper such as soldSessions(...), or false.");
  if (!("write" in answers)) return keepAnswers(answers);
  const { write, read, requireTellable = noFunction, forMs } = answers;
  const needed = Object.entries({ write, read, requireTellable });
  for (const [name, method] of needed) requireFunction(method, `answers must be a keeper whose ${name} is a function.`);
  if (!Number.isSafeInteger(forMs) || forMs < 1) throw wrong("answers.forMs of a keeper must be whole milliseconds.");
  return answers;
}
