// The façade rateLimiter: one named rule, one call per request, headers included.
import type { CallOptions } from "../call-options.ts";
import { parseDuration } from "../durations.ts";
import { invalidArgument, StoreError } from "../errors.ts";
import { type OptionNames, requireKnownOptions } from "../known-options.ts";
import { checkArguments } from "../named-refusal.ts";
import { limitOf } from "./policy.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";
import type { RateLimitDecision, RateLimitPolicy, RateLimitStore } from "./rate-limit-store.ts";

/** One rule, shared by all instances that use the same name, algorithm and window. */
export interface RateLimitRule {
  /** Becomes the route of the checks and the policy's name in the headers. Clients see it. */
  name: string;
  /** Units a window; an integer >= 0. */
  limit: number;
  /**
   * Milliseconds, or "1m", "250ms", "12h", "7d". Default: the store's `defaultWindowMs`, which a document gives as
   * `ttlSeconds`. Needed where the store has none.
   */
  window?: number | string | undefined;
  /**
   * Default "fixed-window", the cheapest: the window is the client's own, from its first request, so the whole limit is
   * back at one instant that the headers name exactly. "token-bucket" brings the allowance back evenly.
   * "sliding-window" keeps bursts around a window's border down.
   */
  algorithm?: RateLimitPolicy["algorithm"] | undefined;
  /** Only with "token-bucket": the most that can be taken at once. Default `limit`. */
  burst?: number | undefined;
}

const ruleNames: OptionNames<RateLimitRule> = { name: true, limit: true, window: true, algorithm: true, burst: true };

/** A decision, and the headers that tell the client of it. */
export type LimiterDecision = RateLimitDecision & { headers: Record<string, string> };

/** Takes `cost` (default 1) from the client's allowance if it fits; see `RateLimitStore.consume`. */
export type RateLimiter = (
  client: string,
  options?: CallOptions & { cost?: number | undefined },
) => Promise<LimiterDecision>;

/** The window in force is written into the policy, so that the headers and a fallback store go by it too. */
function policyOf(rule: RateLimitRule, defaultWindowMs: number | undefined): RateLimitPolicy & { windowMs: number } {
  const { limit, burst, window = defaultWindowMs, algorithm = "fixed-window" } = rule;
  if (window === undefined) {
    throw invalidArgument("window is missing; give it, or give the store defaults.windowMs.");
  }
  const windowMs = parseDuration(window, "window");
  if (algorithm === "token-bucket") return { algorithm, limit, windowMs, burst };
  if (burst !== undefined) throw invalidArgument('burst is for algorithm "token-bucket" only.');
  return { algorithm, limit, windowMs };
}

/**
 * A limiter for one rule. Throws STORE_INVALID_ARGUMENT at once where the rule is wrong, and STORE_CONFIG without a store and for a
 * misspelt option of the rule. The limiter rejects as
 * `consume` does: a store that cannot answer admits no client, unless it is wrapped in `failOpen` or `withFallback`.
 */
export function rateLimiter(store: RateLimitStore, rule: RateLimitRule): RateLimiter {
  checkArguments("rateLimiter", () => {
    if (typeof Object(store).consume !== "function") {
      throw new StoreError(
        "STORE_CONFIG",
        "store must be a RateLimitStore, and comes before the rule: rateLimiter(stores.rateLimits, { name, limit, window }).",
      );
    }
    requireKnownOptions(rule, ruleNames);
  });
  const policy = policyOf(rule, store.defaultWindowMs);
  const { name } = rule;
  if (typeof name !== "string" || name === "") throw invalidArgument("name must be a string that is not empty.");
  limitOf({ route: name, client: "", policy }, undefined);
  return async (client, options = {}) => {
    const decision = await store.consume({ route: name, client, policy, cost: options.cost }, options);
    return { ...decision, headers: rateLimitHeaders([{ ...decision, name, windowMs: policy.windowMs }]) };
  };
}
