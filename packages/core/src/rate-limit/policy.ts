// Validates a check and brings it into the one form that the algorithms read.
import { MAX_DURATION_MS, requireDurationMs } from "../durations.ts";
import { invalidArgument } from "../errors.ts";
import type { RateLimitCheck, RateLimitPolicy } from "./rate-limit-store.ts";

/** A validated policy together with the cost of the check. */
export interface Limit {
  readonly algorithm: RateLimitPolicy["algorithm"];
  readonly limit: number;
  /**
   * The most that can be taken at once: `burst` for a token bucket, else `limit`. 0 where nothing can ever be taken.
   */
  readonly capacity: number;
  readonly windowMs: number;
  readonly cost: number;
  /** Token bucket only (0 elsewhere): the microseconds in which one unit comes back. */
  readonly intervalUs: number;
  /** Token bucket only (0 elsewhere): `capacity * intervalUs`. */
  readonly toleranceUs: number;
}

const longestUs = MAX_DURATION_MS * 1000;

function requireCount(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw invalidArgument(`${name} must be a whole number, 0 or more (a safe integer).`);
  }
  return value;
}

/**
 * The limit that a check names. Throws STORE_INVALID_ARGUMENT where a store could not count exactly:
 * - cost, limit and burst are safe integers >= 0, windowMs an integer of 1 ms to 100 years;
 * - fixed window: twice the limit is a safe integer; sliding window: twice the limit times windowMs is one;
 * - token bucket: at most 10 units a millisecond, and a full bucket refills within 100 years.
 */
export function limitOf(check: RateLimitCheck, defaultWindowMs: number | undefined): Limit {
  if (typeof check !== "object" || check === null || typeof check.policy !== "object" || check.policy === null) {
    throw invalidArgument("A check needs route, client and policy.");
  }
  const { route, client, policy } = check;
  if (typeof route !== "string" || typeof client !== "string") {
    throw invalidArgument("A check's route and client must be strings.");
  }
  const cost = check.cost === undefined ? 1 : requireCount(check.cost, "cost");
  const limit = requireCount(policy.limit, "policy.limit");
  const windowMs = policy.windowMs ?? defaultWindowMs;
  if (windowMs === undefined) {
    throw invalidArgument("policy.windowMs is missing; give it, or give the store defaults.windowMs.");
  }
  requireDurationMs(windowMs, "policy.windowMs");
  const { algorithm } = policy;
  switch (algorithm) {
    case "fixed-window":
      if (2 * limit > Number.MAX_SAFE_INTEGER) {
        throw invalidArgument("policy.limit is too large to count exactly: at most 2^52 - 1.");
      }
      return { algorithm, limit, capacity: limit, windowMs, cost, intervalUs: 0, toleranceUs: 0 };
    case "sliding-window":
      if (2 * limit * windowMs > Number.MAX_SAFE_INTEGER) {
        throw invalidArgument(
          "policy.limit times policy.windowMs must stay below 2^52 for a sliding window; use a fixed window.",
        );
      }
      return { algorithm, limit, capacity: limit, windowMs, cost, intervalUs: 0, toleranceUs: 0 };
    case "token-bucket": {
      const burst = policy.burst === undefined ? limit : requireCount(policy.burst, "policy.burst");
      if (limit > 10 * windowMs) {
        throw invalidArgument("policy.limit must be at most 10 per millisecond of policy.windowMs for a token bucket.");
      }
      if (limit === 0) return { algorithm, limit, capacity: 0, windowMs, cost, intervalUs: 0, toleranceUs: 0 };
      const intervalUs = Math.ceil((windowMs * 1000) / limit);
      const toleranceUs = burst * intervalUs;
      if (toleranceUs > longestUs) {
        throw invalidArgument("policy.burst is too large: a full bucket must refill within 100 years.");
      }
      return { algorithm, limit, capacity: burst, windowMs, cost, intervalUs, toleranceUs };
    }
    default:
      throw invalidArgument('policy.algorithm must be "fixed-window", "sliding-window" or "token-bucket".');
  }
}

/**
 * `limitOf` for the checks of one store. It remembers the last limit, which most calls share with the call before: a
 * check of equal numbers is not examined again. The limit comes as the argument that the transitions take.
 */
export function limitReader(defaultWindowMs: number | undefined): (check: RateLimitCheck) => { readonly limit: Limit } {
  let last: { readonly limit: Limit } | undefined;
  let lastBurst: number | undefined;
  return (check) => {
    if (last !== undefined && check?.policy && typeof check.route === "string" && typeof check.client === "string") {
      const { policy, cost } = check;
      const { limit } = last;
      if (
        policy.limit === limit.limit &&
        (policy.windowMs ?? defaultWindowMs) === limit.windowMs &&
        policy.algorithm === limit.algorithm &&
        (policy.algorithm !== "token-bucket" || policy.burst === lastBurst) &&
        (cost === undefined ? 1 : cost) === limit.cost
      ) {
        return last;
      }
    }
    last = { limit: limitOf(check, defaultWindowMs) };
    lastBurst = check.policy.algorithm === "token-bucket" ? check.policy.burst : undefined;
    return last;
  };
}

/** So many places of a list of checks have their limit remembered. */
const mostPlaces = 16;

/**
 * `limitReader` for lists of checks, whose places mostly have the limits of the list before. (One function for both would
 * cost a consume in memory a fifth more: engines fit a function to its one use.)
 */
export function limitsReader(defaultWindowMs: number | undefined): (check: RateLimitCheck, place: number) => Limit {
  const known: { readonly limit: Limit; readonly burst: number | undefined }[] = [];
  return (check, place) => {
    const last = known[place];
    if (last !== undefined && isOf(check, last.limit, last.burst, defaultWindowMs)) return last.limit;
    const limit = limitOf(check, defaultWindowMs);
    const burst = check.policy.algorithm === "token-bucket" ? check.policy.burst : undefined;
    if (place < mostPlaces) known[place] = { limit, burst };
    return limit;
  };
}

function isOf(check: RateLimitCheck, limit: Limit, burst: number | undefined, defaultWindowMs: number | undefined) {
  if (!check?.policy || typeof check.route !== "string" || typeof check.client !== "string") return false;
  const { policy, cost } = check;
  return (
    policy.limit === limit.limit &&
    (policy.windowMs ?? defaultWindowMs) === limit.windowMs &&
    policy.algorithm === limit.algorithm &&
    (policy.algorithm !== "token-bucket" || policy.burst === burst) &&
    (cost === undefined ? 1 : cost) === limit.cost
  );
}
