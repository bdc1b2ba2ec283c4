// Refuses, before anything is sold, routes whose payments could not be told apart, settled once, or made at all.
import { StoreError } from "@tollbooth-stores/core";
import { closestKey, shownKey } from "@tollbooth-stores/core/native";
import type { PaymentOption } from "@x402/core/http";
import type { RoutesConfig } from "@x402/core/server";
import { LONGEST_AHEAD_MS } from "./identify-payment.ts";
import { parsedObjection, payToObjection } from "./payable.ts";
import { paymentFlow } from "./payment-flow.ts";
import type { ResourceServer } from "./resource-server.ts";
import { byPattern, coveringKey, patternObjection } from "./route-patterns.ts";

/** Throws STORE_CONFIG where plain JavaScript gives no routes, or one without a way to pay. The SDK's own errors would not name it. */
export function requireRoutes(routes: unknown): void {
  if (!isRecord(routes)) {
    throw new StoreError("STORE_CONFIG", 'routes must be an object, such as { "GET /quote": { accepts } }.');
  }
  const all = "accepts" in routes ? { "*": routes } : routes;
  refuse(Object.entries(all).map(([pattern, route]) => ({ name: `"${pattern}":`, why: shapeObjection(route) })));
}

function shapeObjection(route: unknown): string | undefined {
  if (!isRecord(route)) return "it must be an object with accepts.";
  if (route.accepts === undefined) {
    const misspelt = Object.keys(route).find((name) => closestKey(name, ["accepts"]) !== undefined);
    if (misspelt === undefined) return "accepts must name a way to pay.";
    return `${shownKey(misspelt)} is no option of a route; did you mean "accepts"?`;
  }
  const isWay = (way: unknown) => isRecord(way) && typeof way.scheme === "string" && typeof way.network === "string";
  return [route.accepts].flat().every(isWay)
    ? undefined
    : "accepts must be { scheme, network, payTo, price } with a text for scheme and network, or a list of such.";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function coverObjection(routes: RoutesConfig, pattern: string): string | undefined {
  const covering = coveringKey(routes, pattern);
  return covering && `"${covering}" before it takes all of its requests, at other terms; put the narrower key first.`;
}

/** Throws STORE_CONFIG that names each such route. A scheme that is not registered is for the SDK to report. */
export function refuseRoutes(server: ResourceServer, routes: RoutesConfig): void {
  const unsellable = Object.entries(byPattern(routes)).map(([pattern, { accepts }]) => ({
    name: `"${pattern}":`,
    why:
      [accepts].flat().length === 0
        ? "accepts must name a way to pay."
        : (patternObjection(pattern) ?? coverObjection(routes, pattern)),
  }));
  refuse(unsellable.length > 0 ? unsellable : [{ name: "anything:", why: "there is no route." }]);
  refuse(
    waysToPay(routes).map(({ name, option }) => ({ name, why: objectionTo(server, option) ?? termsObjection(option) })),
  );
}

/**
 * Rejects with STORE_CONFIG that names each route with a price that its scheme cannot read, or that no payer can pay. A price of a function
 * is known at a request only.
 */
export async function refusePrices(server: ResourceServer, routes: RoutesConfig): Promise<void> {
  const judged = waysToPay(routes).map(async ({ name, option }) => ({
    name,
    why: await priceObjection(server, option),
  }));
  refuse(await Promise.all(judged));
}

function refuse(judged: readonly { name: string; why: string | undefined }[]): void {
  const wrong = judged.flatMap(({ name, why }) => (why === undefined ? [] : [`${name} ${why}`]));
  if (wrong.length > 0) throw new StoreError("STORE_CONFIG", `paidRoutes cannot sell ${wrong.join(" ")}`);
}

function objectionTo(server: ResourceServer, { scheme, network, extra = {} }: PaymentOption): string | undefined {
  const known = scheme === "exact" || (scheme === "upto" && network.startsWith("eip155:"));
  if (!known || !/^(?:eip155|solana):/.test(network)) {
    return "of this scheme and network a payment's identity is not known, so that a replay could not be refused.";
  }
  if (!server.hasRegisteredScheme(network, scheme)) return undefined;
  const requirements = { scheme, network, extra, asset: "", amount: "0", payTo: "", maxTimeoutSeconds: 0 };
  return paymentFlow(server, requirements) === "escrow"
    ? "escrow settles twice for one payment; choose the paymentFlow authorization or upfront."
    : undefined;
}

/** Written without types they may be anything. */
function termsObjection(option: PaymentOption): string | undefined {
  const { payTo, maxTimeoutSeconds = 0 }: Partial<Record<keyof PaymentOption, unknown>> = option;
  const objection = typeof payTo === "function" ? undefined : payToObjection(payTo, option.network);
  if (objection !== undefined) return objection;
  const isTime = typeof maxTimeoutSeconds === "number" && maxTimeoutSeconds >= 0;
  return isTime && maxTimeoutSeconds * 1_000 <= LONGEST_AHEAD_MS
    ? undefined
    : "maxTimeoutSeconds must be a number of seconds, at most 31 days.";
}

async function priceObjection(
  server: ResourceServer,
  { scheme, network, price }: PaymentOption,
): Promise<string | undefined> {
  if (typeof price === "function") return undefined;
  let parsed: Partial<Record<"amount" | "asset", unknown>> | undefined;
  try {
    parsed = await server.getRegisteredScheme(network, scheme)?.parsePrice(price, network);
  } catch {
    return "price is none that its scheme can read.";
  }
  return parsed && parsedObjection(parsed, network, price);
}

function waysToPay(routes: RoutesConfig): { name: string; option: PaymentOption }[] {
  return Object.entries(byPattern(routes)).flatMap(([pattern, { accepts }]) =>
    [accepts].flat().map((option) => ({ name: `"${pattern}" (${option.scheme} on ${option.network}):`, option })),
  );
}
