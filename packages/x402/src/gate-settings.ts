// The options of paidRoutes, checked before anything is sold.
import { StoreError, type VerificationStore } from "@tollbooth-stores/core";
import { durationOption, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import type { AnswerKeeper, RequestContext } from "@tollbooth-stores/http";
import type { x402ResourceServer } from "@x402/core/server";
import { type KeptAnswers, keepAnswers } from "./kept-answers.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";
import { evmRefusals, type FacilitatorRefusals, type PreBroadcastRefusals, refusalsByFacilitator } from "./refusals.ts";
import type { FindSettlement } from "./sdk-steps.ts";
import { facilitatorsOf, watchFacilitators } from "./watch-facilitators.ts";
import { LONGEST_TIMER_MS } from "./within.ts";

export interface GateSettings {
  readonly server: x402ResourceServer;
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
export function gateSettings(server: x402ResourceServer, options: PaidRoutesOptions): GateSettings {
  requireKnownOptions(options, optionNames);
  const { store, findSettlement, collector, onHandlerError, order = "serve-then-settle", handlerTimeoutMs } = options;
  for (const method of ["verifyPayment", "settlePayment", "hasRegisteredScheme"]) {
    requireFunction(Object(server)[method], "The first argument must be an x402ResourceServer of @x402/core/server.");
  }
  for (const method of ["claim", "renew", "complete"]) {
    requireFunction(Object(store)[method], "store must be a VerificationStore: `stores.verifications` of a provider.");
  }
  requireFunction(findSettlement, 'findSettlement must be a function; `async () => "unknown"` is always safe.');
  requireFunction(collector ?? noFunction, "collector must be a function.");
  requireFunction(onHandlerError ?? noFunction, "onHandlerError must be a function.");
  if (order !== "serve-then-settle" && order !== "settle-then-serve") {
    throw new StoreError("STORE_CONFIG", 'order must be "serve-then-settle" or "settle-then-serve".');
  }
  const keeper = keeperOf(options.answers);
  if (keeper?.needsCollector === true && collector === undefined) {
    throw new StoreError(
      "STORE_CONFIG",
      "answers need a collector: they are told again only to a request with the collector of the first one. For soldSessions: the buyer's " +
        "Idempotency-Key, or else presentedSession(...).",
    );
  }
  watchFacilitators(server);
  return {
    server,
    store,
    findSettlement,
    collector,
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

const noFunction = (): void => undefined;

function requireFunction(value: unknown, message: string): void {
  if (typeof value !== "function") throw new StoreError("STORE_CONFIG", message);
}

function checkedOrigin(origin: unknown): string {
  if (typeof origin !== "string" || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new StoreError("STORE_CONFIG", 'origin must be an origin without a path, such as "https://api.example".');
  }
  return origin;
}

/** Asked for every facilitator once, because at a settlement it would be too late. */
function checkedRefusals(
  server: x402ResourceServer,
  given: PreBroadcastRefusals | FacilitatorRefusals,
): FacilitatorRefusals {
  const refusals = refusalsByFacilitator(given);
  for (const facilitator of [undefined, ...facilitatorsOf(server)]) refusals(facilitator);
  return refusals;
}

function keeperOf(answers: KeptAnswers | AnswerKeeper | false = {}): AnswerKeeper | undefined {
  if (answers === false) return undefined;
  return "write" in answers ? answers : keepAnswers(answers);
}
