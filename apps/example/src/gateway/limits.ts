// The limits of every paid route: by address before anything is verified, by payer once the payer is proven, and how much
// is made for a payer that is not paid for yet.
import { type RateLimitStore, type ReportedDecision, rateLimiter, rateLimitHeaders } from "@tollbooth-stores/core";
import type { GatewayConfig, Limit, RouteConfig } from "./gateway-config.ts";
import { places, type TakePlace } from "./places.ts";

/** What the limiters asked so far have said, ready to be sent. */
export interface LimitAnswer {
  /** What the last one asked said. */
  allowed: boolean;
  /** Of all that were asked. */
  headers: Readonly<Record<string, string>>;
  reported: readonly ReportedDecision[];
}

export interface Limits {
  /** One allowance for all routes together: it protects the gateway. */
  ip(address: string): Promise<LimitAnswer>;
  /** One allowance a route. Give it only a payer whom a signature or a paid session bears out. */
  payer(payer: string, before: LimitAnswer): Promise<LimitAnswer>;
  /** A place of the payer's for a result that is made before it is paid for, on all routes and instances together. */
  unsettled: TakePlace;
  /** A place of the address's for a payment in hand, verified or not. */
  inHand: TakePlace;
  /** May this be asked about beyond the limit of the address that asks? `what`: a payment, say. */
  askedAgain(what: string): Promise<boolean>;
}

/** Far more often than its payer is told to ask: once a second. */
const askedAgain: Limit = { limit: 30, windowMs: 10_000 };

/** The limiters of one route. */
export function routeLimits(store: RateLimitStore, config: GatewayConfig, route: RouteConfig): Limits {
  const limiter = (name: string, { limit, windowMs }: Limit) => {
    const take = rateLimiter(store, { name, limit, window: windowMs });
    return async (client: string, before: LimitAnswer["reported"]): Promise<LimitAnswer> => {
      const decision = await take(client);
      const reported = [...before, { ...decision, name, windowMs }];
      return { allowed: decision.allowed, headers: rateLimitHeaders(reported), reported };
    };
  };
  const byIp = limiter("ip", config.limits.perIp);
  const byPayer = limiter(`payer ${route.method} ${route.path}`, route.perPayer ?? config.limits.perPayer);
  const again = rateLimiter(store, { name: "asked again", limit: askedAgain.limit, window: askedAgain.windowMs });
  const heldForMs = longestAttemptMs(config);
  const { unsettled, inHandPerIp } = config.limits;
  const unsettledOf = places(store, { name: "unsettled", count: unsettled, heldForMs });
  return {
    ip: (address) => byIp(address, []),
    payer: (payer, before) => byPayer(payer.toLowerCase(), before.reported),
    unsettled: (payer) => unsettledOf(payer.toLowerCase()),
    inHand: places(store, { name: "in hand", count: inHandPerIp, heldForMs }),
    askedAgain: async (what) => (await again(what)).allowed,
  };
}

/**
 * How long payOnce may be at one payment: waiting for another's verification and for another's attempt, a lease each; verify,
 * serve, settle, then look, settle again and look; and a lease for the stores' own time.
 */
function longestAttemptMs({ paymentLeaseMs, upstream, facilitator }: GatewayConfig): number {
  return 3 * paymentLeaseMs + upstream.timeoutMs + 5 * facilitator.timeoutMs;
}
