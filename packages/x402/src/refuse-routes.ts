// Refuses, before anything is sold, routes whose payments could not be told apart or settled once.
import { StoreError } from "@tollbooth-stores/core";
import type { RouteConfig, RoutesConfig, x402ResourceServer } from "@x402/core/server";
import type { PaymentRequirements } from "@x402/core/types";
import { paymentFlow } from "./payment-flow.ts";

/** Throws STORE_CONFIG that names each such route. A scheme that is not registered is for the SDK to report. */
export function refuseRoutes(server: x402ResourceServer, routes: RoutesConfig): void {
  const wrong = Object.entries(byPattern(routes)).flatMap(([pattern, { accepts }]) =>
    [accepts].flat().flatMap(({ scheme, network, extra = {} }) => {
      const requirements = { scheme, network, extra, asset: "", amount: "0", payTo: "", maxTimeoutSeconds: 0 };
      const why = objectionTo(server, requirements);
      return why === undefined ? [] : [`"${pattern}" (${scheme} on ${network}): ${why}`];
    }),
  );
  if (wrong.length > 0) throw new StoreError("STORE_CONFIG", `paidRoutes cannot sell ${wrong.join(" ")}`);
}

function objectionTo(server: x402ResourceServer, requirements: PaymentRequirements): string | undefined {
  const { scheme, network } = requirements;
  const known = scheme === "exact" || (scheme === "upto" && network.startsWith("eip155:"));
  if (!known || !/^(?:eip155|solana):/.test(network)) {
    return "of this scheme and network a payment's identity is not known, so that a replay could not be refused.";
  }
  if (!server.hasRegisteredScheme(network, scheme)) return undefined;
  return paymentFlow(server, requirements) === "escrow"
    ? "escrow settles twice for one payment; choose the paymentFlow authorization or upfront."
    : undefined;
}

function byPattern(routes: RoutesConfig): Record<string, RouteConfig> {
  return isOne(routes) ? { "*": routes } : routes;
}

function isOne(routes: RoutesConfig): routes is RouteConfig {
  return "accepts" in routes;
}
