// Whether a gate may be asked what became of a payment.
import type { RoutesConfig } from "@x402/core/server";
import { caip2 } from "./caip-2.ts";
import { byPattern } from "./route-patterns.ts";
import type { FindSettlement } from "./sdk-steps.ts";

/**
 * `findSettlement` of payments on networks that a route sells on; "unknown" of all others. It may be of this gate's chains alone, and would
 * take what it does not see for what never moved. A payment whose `reference`, as `identifyPayment` wrote it, names no network is asked
 * for: only `findSettlement` can tell.
 */
export function ofOwnNetworks(routes: RoutesConfig, findSettlement: FindSettlement): FindSettlement {
  const accepts = Object.values(byPattern(routes)).flatMap((route) => [route.accepts].flat());
  const networks = new Set(accepts.map(({ network }) => String(caip2(network))));
  return async (evidence, context) => {
    const network = networkIn(context.reference);
    const isOwn = network === undefined || networks.has(String(caip2(network)));
    return isOwn ? findSettlement(evidence, context) : "unknown";
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
