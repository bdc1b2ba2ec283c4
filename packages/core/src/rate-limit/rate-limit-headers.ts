// The rate-limit headers of a response.
import { ceilSeconds, type ReportedDecision, rateLimitField, rateLimitPolicyField } from "./ratelimit-draft.ts";

/** How long a decision holds a caller back: for ever where its cost never fits, else until it fits. */
function waitOf(decision: ReportedDecision): number {
  if (decision.allowed) return 0;
  return decision.retryAfterMs ?? Number.POSITIVE_INFINITY;
}

/**
 * The decision that a client should go by: the denial that lasts longest, else the decision with the least remaining.
 */
function tightest(decisions: readonly [ReportedDecision, ...ReportedDecision[]]): ReportedDecision {
  return decisions.reduce((one, other) => {
    if (one.allowed !== other.allowed) return one.allowed ? other : one;
    const [wait, otherWait] = [waitOf(one), waitOf(other)];
    if (wait !== otherWait) return otherWait > wait ? other : one;
    if (one.remaining !== other.remaining) return other.remaining < one.remaining ? other : one;
    return other.resetAfterMs > one.resetAfterMs ? other : one;
  });
}

/**
 * The headers of a response to a call on which these decisions were taken; none for an empty list.
 *
 * - `RateLimit-Policy` and `RateLimit`: one item a decision; draft-ietf-httpapi-ratelimit-headers.
 * - `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset`: a convention without a standard, for the
 *   tightest decision. Reset is the seconds from now until its allowance is whole again, rounded up. It is no instant,
 *   so the client needs no clock but its own.
 * - `Retry-After`: RFC 9110, section 10.2.3: seconds, rounded up, at least 1, until every denied cost would fit. Only
 *   where a cost was denied. Left out where a cost can never fit: coming back would not help.
 */
export function rateLimitHeaders(decisions: readonly ReportedDecision[]): Record<string, string> {
  const [first, ...rest] = decisions;
  if (first === undefined) return {};
  const shown = tightest([first, ...rest]);
  const headers: Record<string, string> = {
    "RateLimit-Policy": rateLimitPolicyField(decisions),
    RateLimit: rateLimitField(decisions),
    "X-RateLimit-Limit": String(shown.limit),
    "X-RateLimit-Remaining": String(shown.remaining),
    "X-RateLimit-Reset": String(ceilSeconds(shown.resetAfterMs)),
  };
  if (!shown.allowed && shown.retryAfterMs !== null) {
    headers["Retry-After"] = String(Math.max(1, ceilSeconds(shown.retryAfterMs)));
  }
  return headers;
}
