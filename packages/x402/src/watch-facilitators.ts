// Hears what a server of the SDK asks its facilitators, and remembers which facilitator is for which kind of payment.
import { AsyncLocalStorage } from "node:async_hooks";
import { isDeepStrictEqual } from "node:util";
import { StoreError } from "@tollbooth-stores/core";
import type { FacilitatorClient } from "@x402/core/server";
import type { PaymentPayload, SettleResponse, VerifyResponse } from "@x402/core/types";
import type { ResourceServer } from "./resource-server.ts";

/** One call of a server's `verifyPayment` or `settlePayment`, as it is heard. */
export interface HeardCall {
  readonly payload: PaymentPayload;
  /** `beforeSettle` hooks begin: the SDK settles, so a refusal without any facilitator is one of theirs. */
  settles?(): void;
  /** No facilitator is known for the payment, so the SDK asks one after another. */
  guesses?(): void;
  verify?(client: FacilitatorClient, ask: () => Promise<VerifyResponse>): Promise<VerifyResponse>;
  settle?(client: FacilitatorClient, ask: () => Promise<SettleResponse>): Promise<SettleResponse>;
}

const heardCall = new AsyncLocalStorage<HeardCall>();

/** Runs `call` and tells `heard` what it asks the facilitators of `server`. */
export async function hear<T>(server: ResourceServer, heard: HeardCall, call: () => Promise<T>): Promise<T> {
  watchFacilitators(server);
  return heardCall.run(heard, call);
}

type Kind = Parameters<ResourceServer["getSupportedKind"]>;

interface KnownKind {
  readonly kind: ReturnType<ResourceServer["getSupportedKind"]>;
  readonly extensions: string[];
  readonly client: unknown;
}

/** The seller's clients, by those that a watched server asks in their place. */
const sellersClients = new WeakMap<FacilitatorClient, FacilitatorClient>();
const watchingClients = new WeakMap<FacilitatorClient, FacilitatorClient>();
/** Those that have not said, when they were asked last, what they support. */
const unanswered = new WeakSet<FacilitatorClient>();
const watchedServers = new WeakSet<ResourceServer>();

/**
 * From now on `hear` hears what `server` asks; for all gates, so it is done once. While the SDK's `initialize` asks the facilitators anew
 * it has forgotten all of them: the server then goes on with what it knew. There is no public place to hear each answer, so methods are
 * replaced that are private in the SDK's types. STORE_CONFIG where a version has no such ones: nothing may be sold by it.
 */
export function watchFacilitators(server: ResourceServer): void {
  if (watchedServers.has(server)) return;
  const clientOf = method(server, "getFacilitatorClient");
  const hooksOf = method(server, "getLabeledHooks");
  const clients: unknown = Reflect.get(server, "facilitatorClients");
  if (clientOf === undefined || hooksOf === undefined || !Array.isArray(clients) || !Object.isExtensible(server)) {
    throw new StoreError("STORE_CONFIG", "This version of @x402/core keeps its facilitator clients elsewhere.");
  }
  const kindOf = server.getSupportedKind;
  const extensionsOf = server.getFacilitatorExtensions;
  const known = new Map<string, KnownKind>();
  const lookUp = (...asked: Kind): KnownKind | undefined => {
    const name = JSON.stringify(asked);
    const kind = kindOf.apply(server, asked);
    if (kind === undefined) return known.get(name);
    const found = { kind, extensions: extensionsOf.apply(server, asked), client: clientOf.apply(server, asked) };
    known.set(name, found);
    return found;
  };
  const initialize = server.initialize;
  const replaced = {
    async initialize() {
      await initialize.call(server);
      if (haveAllAnswered(server)) known.clear();
    },
    getSupportedKind: (...asked: Kind) => lookUp(...asked)?.kind,
    getFacilitatorExtensions: (...asked: Kind) => lookUp(...asked)?.extensions ?? extensionsOf.apply(server, asked),
    getFacilitatorClient(...asked: Kind) {
      const client = lookUp(...asked)?.client ?? clientOf.apply(server, asked);
      if (isFacilitator(client)) return watching(client);
      heardCall.getStore()?.guesses?.();
      return undefined;
    },
    getLabeledHooks(...asked: unknown[]) {
      if (asked[0] === "beforeSettle") heardCall.getStore()?.settles?.();
      return hooksOf.apply(server, asked);
    },
    // Not in the list itself, which is the seller's.
    facilitatorClients: clients.map((client: unknown) => (isFacilitator(client) ? watching(client) : client)),
  };
  for (const [name, value] of Object.entries(replaced)) {
    Object.defineProperty(server, name, { value, configurable: true, writable: true });
  }
  watchedServers.add(server);
}

/** The clients that the seller gave to a watched server. */
export function facilitatorsOf(server: ResourceServer): readonly FacilitatorClient[] {
  const clients: unknown = Reflect.get(server, "facilitatorClients");
  return Array.isArray(clients)
    ? clients.filter(isFacilitator).map((client) => sellersClients.get(client) ?? client)
    : [];
}

/** Whether each of them has said, when it was asked last, what it supports: then no other answer is to be waited for. */
export function haveAllAnswered(server: ResourceServer): boolean {
  return !facilitatorsOf(server).some((client) => unanswered.has(client));
}

/** The SDK's error of an `initialize`, with the origins of those that did not answer: the rest of a URL may hold a key. */
export function namingUnanswered(server: ResourceServer, error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "Error") return error;
  const origins = facilitatorsOf(server)
    .filter((client) => unanswered.has(client))
    .flatMap((client) => originOf(Object(client).url));
  if (origins.length === 0) return error;
  return new Error(`${error.message} No answer of use came from ${origins.join(", ")}.`, { cause: error });
}

function originOf(url: unknown): string[] {
  return typeof url === "string" && URL.canParse(url) ? [new URL(url).origin] : [];
}

function watching(client: FacilitatorClient): FacilitatorClient {
  if (sellersClients.has(client)) return client;
  const before = watchingClients.get(client);
  if (before !== undefined) return before;
  const made: FacilitatorClient = {
    async getSupported() {
      unanswered.add(client);
      const supported = await client.getSupported();
      if (Array.isArray(Object(supported).kinds)) unanswered.delete(client);
      return supported;
    },
    verify(...given) {
      const ask = () => client.verify(...given);
      return heardOf(given[0])?.verify?.(client, ask) ?? ask();
    },
    settle(...given) {
      const ask = () => client.settle(...given);
      return heardOf(given[0])?.settle?.(client, ask) ?? ask();
    },
  };
  sellersClients.set(made, client);
  watchingClients.set(client, made);
  return made;
}

/**
 * The call that this payload is asked about. A hook, or a subclass that gathers payments, may ask about another one meanwhile. The SDK's
 * schemes only add to a payload.
 */
function heardOf({ payload }: PaymentPayload): HeardCall | undefined {
  const call = heardCall.getStore();
  if (call === undefined) return undefined;
  const isOfCall = Object.entries(call.payload.payload).every(([name, value]) =>
    isDeepStrictEqual(payload[name], value),
  );
  return isOfCall ? call : undefined;
}

type Method = (...given: unknown[]) => unknown;

function method(server: ResourceServer, name: string): Method | undefined {
  const found: unknown = Reflect.get(server, name);
  return isMethod(found) ? found : undefined;
}

function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

function isFacilitator(client: unknown): client is FacilitatorClient {
  return typeof Object(client).settle === "function";
}
