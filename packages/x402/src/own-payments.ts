// Whether a gate may be asked what became of a payment.
import type { RoutesConfig } from "@x402/core/server";
import { caip2 } from "./caip-2.ts";
import { byPattern } from "./route-patterns.ts";

/**
 * By `reference`, as `identifyPayment` wrote it: whether a route sells on the payment's network. True where it names none: then only
 * `findSettlement` can tell.
 */
export function ownPayments(routes: RoutesConfig): (reference: string | undefined) => boolean {
  const accepts = Object.values(byPattern(routes)).flatMap((route) => [route.accepts].flat());
  const networks = new Set(accepts.map(({ network }) => String(caip2(network))));
  return (reference) => {
    const network = networkIn(reference);
    return network === undefined || networks.has(String(caip2(network)));
  };
}

function networkIn(reference = "{}"): string | undefined {
  try {
    const { network }: { network?: unknown } = Object(JSON.parse(reference));
    return typeof network === "string" ? network : undefined;
  } catch {
    return undefined;
  }
}
