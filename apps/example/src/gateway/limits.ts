// The limits of every paid route: by address before anything is verified, by payer once the payer is proven, and how much
// is made for a payer that is not paid for yet.
import {
  type RateLimitCheck,
  type RateLimitStore,
  type ReportedDecision,
  rateLimiter,
  rateLimitHeaders,
} from "@tollbooth-stores/core";
import type { GatewayConfig, Limit, RouteConfig } from "./gateway-config.ts";
import { announce } from "./gateway-events.ts";

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
  /**
   * One of the payer's few places for payments that are not settled yet, on all routes and instances together; undefined
   * where all are taken. Call what comes to give it back; a place that nobody gives back is free again after a while.
   */
  unsettled(payer: string): Promise<(() => void) | undefined>;
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
      const { allowed, remaining, resetAfterMs } = decision;
      announce({
        kind: "decision",
        limiter: name,
        client,
        allowed,
        limit,
        remaining,
        resetsAtMs: Date.now() + resetAfterMs,
      });
      const reported = [...before, { ...decision, name, windowMs }];
      return { allowed: decision.allowed, headers: rateLimitHeaders(reported), reported };
    };
  };
  const byIp = limiter("ip", config.limits.perIp);
  const byPayer = limiter(`payer ${route.method} ${route.path}`, route.perPayer ?? config.limits.perPayer);
  const again = rateLimiter(store, { name: "asked again", limit: askedAgain.limit, window: askedAgain.windowMs });
  // A place outlives every attempt, and no attempt is taken up from an instance that died before its lease is over.
  const windowMs = Math.max(config.paymentLeaseMs, config.upstream.timeoutMs + config.facilitator.timeoutMs);
  return {
    ip: (address) => byIp(address, []),
    payer: (payer, before) => byPayer(payer.toLowerCase(), before.reported),
    async unsettled(payer) {
      const policy = { algorithm: "fixed-window", limit: config.limits.unsettled, windowMs } as const;
      const place: RateLimitCheck = { route: "unsettled", client: payer.toLowerCase(), policy };
      const { allowed, receipt } = await store.consume(place);
      if (!allowed) return undefined;
      return () => {
        if (receipt !== undefined) store.refund(place, receipt).catch(() => undefined);
      };
    },
    askedAgain: async (what) => (await again(what)).allowed,
  };
}
