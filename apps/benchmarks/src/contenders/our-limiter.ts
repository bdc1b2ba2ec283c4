// Our rate limits as a contender, by algorithm.
import type { RateLimitPolicy } from "@tollbooth-stores/core";
import type { OpenLimiter } from "./limiter.ts";
import type { OpenStores } from "./our-stores.ts";

export function ourLimiter(open: OpenStores, algorithm: RateLimitPolicy["algorithm"] = "fixed-window"): OpenLimiter {
  return async (server, { limit, windowMs }) => {
    const stores = await open(server);
    const policy = { algorithm, limit, windowMs };
    const route = `limit-${limit}`;
    return {
      consume: async (client) => (await stores.rateLimits.consume({ route, client, policy })).allowed,
      close: () => stores.close(),
    };
  };
}
