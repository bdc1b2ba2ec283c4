// The two limits of every paid route: by address before anything is verified, by payer once the payer is proven.
import { type RateLimitStore, type ReportedDecision, rateLimiter, rateLimitHeaders } from "@tollbooth-stores/core";
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
}

/** Both limiters of one route. */
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
  return {
    ip: (address) => byIp(address, []),
    payer: (payer, before) => byPayer(payer.toLowerCase(), before.reported),
  };
}
