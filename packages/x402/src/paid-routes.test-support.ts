// A shop in the test's own process: the gate over memory, the SDK's own client as its buyer, and the sandbox's facilitator.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FoundSettlement } from "@tollbooth-stores/core";
import { type ManualClock, manualClock } from "@tollbooth-stores/core/testing";
import type { Answer, PaymentInHand, RequestContext } from "@tollbooth-stores/http";
import { createMemoryStores, type Stores } from "@tollbooth-stores/memory";
import { openSandboxLedger, payTo, type SandboxControls, sandboxControls } from "@tollbooth-stores/sandbox";
import { decodePaymentRequiredHeader, HTTPFacilitatorClient, type PaymentOption } from "@x402/core/http";
import { type RoutesConfig, x402ResourceServer } from "@x402/core/server";
import type { PaymentRequired } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { afterEach, beforeEach, type Mock, vi } from "vitest";
import { onPort } from "./on-port.test-support.ts";
import { type PaidRoutes, paidRoutes } from "./paid-routes.ts";
import type { PaidRoutesOptions } from "./paid-routes-options.ts";
import type { FindSettlement } from "./sdk-steps.ts";

export const network = "eip155:84532" as const;
export const origin = "https://shop.example";

/** What `makePayment` of the sandbox pays, unless told otherwise. */
export const oneCent: PaymentOption = { scheme: "exact", network, payTo, price: "$0.01", maxTimeoutSeconds: 120 };

/** One cent for a GET of `path`. */
export function cent(path: string): RoutesConfig {
  return { [`GET ${path}`]: { accepts: oneCent } };
}

export interface Handled {
  status: number;
  headers: Record<string, string>;
  text: string;
  body: Uint8Array;
  /** Of a JSON answer that is no success. */
  error: unknown;
}

export interface Shop {
  readonly controls: SandboxControls;
  readonly clock: ManualClock;
  readonly stores: Stores;
  readonly facilitator: HTTPFacilitatorClient;
  readonly chainUrl: string;
  readonly findSettlement: FindSettlement;
  /** A server of the SDK that was not used yet. */
  server(): x402ResourceServer;
  gate(routes?: RoutesConfig, options?: Partial<PaidRoutesOptions>, server?: x402ResourceServer): PaidRoutes;
  close(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const logDirectory = mkdtempSync(join(tmpdir(), "tollbooth-shop-"));
  const sandbox = openSandboxLedger(logDirectory);
  const http = await onPort(sandbox.fetch);
  const { url } = http;
  const clock = manualClock(Date.now());
  const stores = createMemoryStores({ clock });
  const findSettlement = chainLookup(`${url}/chain`);
  const facilitator = new HTTPFacilitatorClient({ url: `${url}/facilitator`, timeoutMs: 5_000 });
  const server = () => sdkServer(facilitator);
  return {
    controls: sandboxControls(() => ({ ledger: { url }, upstream: { url }, logDirectory })),
    ...{ clock, stores, facilitator, chainUrl: `${url}/chain`, findSettlement, server },
    gate: (routes = cent("/quote"), options = {}, used = server()) =>
      paidRoutes(used, routes, { store: stores.verifications, origin, findSettlement, ...options }),
    async close() {
      await stores.close();
      await http.stop();
      sandbox.close();
      rmSync(logDirectory, { recursive: true });
    },
  };
}

/** A new shop for each test of the file. Call it at the file's top level. */
export function shopForEachTest(): Shop {
  let shop: Shop | undefined;
  const now = () => {
    if (shop === undefined) throw new Error("A shop is open in tests only.");
    return shop;
  };
  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop?.close());
  return {
    get controls() {
      return now().controls;
    },
    get clock() {
      return now().clock;
    },
    get stores() {
      return now().stores;
    },
    get facilitator() {
      return now().facilitator;
    },
    get chainUrl() {
      return now().chainUrl;
    },
    get findSettlement() {
      return now().findSettlement;
    },
    server: () => now().server(),
    gate: (...asked) => now().gate(...asked),
    close: () => now().close(),
  };
}

export function sdkServer(facilitator: HTTPFacilitatorClient): x402ResourceServer {
  return new x402ResourceServer(facilitator).register(network, new ExactEvmScheme());
}

/** Asks the sandbox's chain about the nonce in a reference. */
export function chainLookup(chainUrl: string): FindSettlement {
  return async (_evidence, { reference = "{}" }): Promise<FoundSettlement> => {
    const { payer, nonce, validBefore, payTo: to, amount } = JSON.parse(reference);
    const answer = await fetch(`${chainUrl}/authorizations/${payer}/${nonce}`);
    if (!answer.ok) throw new Error(`The chain answered ${answer.status}.`);
    const state = Object(await answer.json());
    if (state.state === "unused") return Number(validBefore) + 30 < state.time ? { none: "expired" } : "unknown";
    const paidUs = String(state.to).toLowerCase() === to && state.value === amount;
    return paidUs ? { receipt: state.transaction } : { none: "void" };
  };
}

/** A request to the gate, as a framework's middleware describes it. Its Host is one that a stranger made up. */
export function requestTo(
  path: string,
  headers: Record<string, string> = {},
  { method = "GET", signal }: { method?: string; signal?: AbortSignal } = {},
): RequestContext {
  const [bare = path] = path.split("?");
  return {
    path: bare,
    method,
    signal,
    adapter: {
      getHeader: (name) => headers[name.toLowerCase()],
      getMethod: () => method,
      getPath: () => bare,
      getUrl: () => `http://made-up.example${path}`,
      getAcceptHeader: () => headers.accept ?? "",
      getUserAgent: () => headers["user-agent"] ?? "",
    },
  };
}

export type Handler = Mock<(payment: PaymentInHand) => Promise<Answer>>;

/** A handler that answers JSON and counts its runs. */
export function handler(answer: Partial<Answer> | ((payment: PaymentInHand) => Promise<Answer>) = {}): Handler {
  const run = vi.fn(async (payment: PaymentInHand): Promise<Answer> => {
    if (typeof answer === "function") return answer(payment);
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: new TextEncoder().encode(`{"quote":${run.mock.calls.length}}`),
      ...answer,
    };
  });
  return run;
}

/** Sends one request through the gate. */
export async function ask(
  gate: PaidRoutes,
  serve: Handler,
  context: RequestContext,
  body: Uint8Array = new Uint8Array(),
): Promise<Handled | undefined> {
  const answer = await gate.handle(context, body, serve);
  if (answer === undefined) return undefined;
  const text = new TextDecoder().decode(answer.body);
  const isProblem = answer.status >= 400 && answer.headers["content-type"] === "application/json" && text !== "";
  return { ...answer, headers: { ...answer.headers }, text, error: isProblem ? JSON.parse(text).error : undefined };
}

/** What a 402 asks for, as the SDK's clients read it. Throws where it asks for nothing. */
export function required(answer: Pick<Handled, "headers"> | undefined): PaymentRequired {
  return decodePaymentRequiredHeader(answer?.headers["payment-required"] ?? "");
}
