// What is sold: the routes of the official x402 SDK, behind the two gates that take payments for them.
import type { Stores } from "@tollbooth-stores/core";
import { presentedSession, soldSessions } from "@tollbooth-stores/hono";
import type { RequestContext } from "@tollbooth-stores/http";
import { evmSettlements, type PaidRoutes, paidRoutes } from "@tollbooth-stores/x402";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { type RoutesConfig, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { createPublicClient, http } from "viem";
import { type GatewayConfig, nameOf, type RouteConfig } from "./gateway-config.ts";

export interface Sales {
  /** One answer for one payment: served first, then charged. */
  requests: PaidRoutes;
  /** Sessions: charged first. Their tokens are not kept, because they are made again of the payment. */
  sessions: PaidRoutes;
}

/** The facilitator is asked at the first request. */
export function openSales(config: GatewayConfig, stores: Stores, origin: string): Sales {
  const { network, facilitator, chain, paymentLease: leaseMs } = config;
  const asked = new HTTPFacilitatorClient({ url: facilitator.url, timeoutMs: facilitator.timeout });
  const server = new x402ResourceServer(asked).register(network, new ExactEvmScheme());
  // Asked where a facilitator's answer was lost: only the chain knows.
  const client = createPublicClient({ transport: http(chain.url, { timeout: facilitator.timeout, retryCount: 0 }) });
  const findSettlement = evmSettlements(client, { confirmations: chain.confirmations });
  const shared = { store: stores.verifications, origin, leaseMs, findSettlement };
  return {
    requests: paidRoutes(server, routesOf(config, "requests"), { ...shared, collector: idempotencyKey }),
    sessions: paidRoutes(server, routesOf(config, "sessions"), {
      ...shared,
      order: "settle-then-serve",
      answers: soldSessions({ bearer: true, sessions: stores.sessions, secret: config.sessionSecret }),
      // Without a key a payment that prolongs a session is bound to it.
      collector: (request) => idempotencyKey(request) ?? presentedSession({ bearer: true })(request),
    }),
  };
}

/** Who shows it again gets the same answer again: a payment alone is public on its chain. */
function idempotencyKey({ adapter }: RequestContext): string | undefined {
  return adapter.getHeader("idempotency-key");
}

function routesOf({ routes, network, payTo, paymentTimeout }: GatewayConfig, sold: keyof Sales): RoutesConfig {
  const isSold = ({ kind }: RouteConfig) => (kind === "per-request" ? "requests" : "sessions") === sold;
  return Object.fromEntries(
    routes.filter(isSold).map((route) => {
      const { price, description } = route;
      const accepts = { scheme: "exact", network, payTo, price, maxTimeoutSeconds: Math.floor(paymentTimeout / 1_000) };
      return [nameOf(route), { accepts, description, mimeType: "application/json" }];
    }),
  );
}
