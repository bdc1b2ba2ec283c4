// The IETF draft's two header fields, alone in this file because a draft may still change.
import type { RateLimitDecision } from "./rate-limit-store.ts";

/** One policy's decision, as a response reports it. */
export interface ReportedDecision extends RateLimitDecision {
  /** The policy's name in the headers. Default "default", "default-2", ... by position. */
  name?: string | undefined;
  /** The policy's window in milliseconds; left out of the headers where unknown. */
  windowMs?: number | undefined;
}

/** The largest Integer of a structured field: 15 digits (RFC 9651, section 3.3.1). */
const largestInteger = 999_999_999_999_999;

/** Enough to tell policies apart. Parsers need not take strings beyond 1,024 characters. */
const longestName = 100;

/**
 * A String of a structured field (RFC 9651, section 3.3.3): printable ASCII, `"` and `\` escaped. Every other byte is
 * percent-encoded, `%` too. So different names stay different, and no name can end the header.
 */
function structuredString(text: string): string {
  let escaped = "";
  for (const byte of Buffer.from(text.slice(0, longestName), "utf8")) {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e || character === "%")
      escaped += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    else escaped += character === '"' || character === "\\" ? `\\${character}` : character;
  }
  return `"${escaped}"`;
}

function nameOf(decision: ReportedDecision, position: number): string {
  return structuredString(decision.name ?? (position === 0 ? "default" : `default-${position + 1}`));
}

/** Milliseconds as the whole seconds of these headers, rounded up. */
export function ceilSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/**
 * The value of `RateLimit-Policy`, e.g. `"search";q=100;w=60`: q the limit, w the window in seconds, rounded up.
 * Source: draft-ietf-httpapi-ratelimit-headers (-11, May 2026), section 3.
 */
export function rateLimitPolicyField(decisions: readonly ReportedDecision[]): string {
  return decisions
    .map((decision, position) => {
      const window = decision.windowMs === undefined ? "" : `;w=${ceilSeconds(decision.windowMs)}`;
      return `${nameOf(decision, position)};q=${Math.min(decision.limit, largestInteger)}${window}`;
    })
    .join(", ");
}

/**
 * The value of `RateLimit`, e.g. `"search";r=99;t=60`: r is what remains, t the seconds within which no more than that
 * can be used. For a denial, t lasts until the same call fits. (Retry-After is never earlier, as the draft asks.)
 * Otherwise it lasts until the allowance is whole again: the cautious reading where the allowance comes back bit by
 * bit.
 *
 * Source: draft-ietf-httpapi-ratelimit-headers (-11, May 2026), section 4.
 */
export function rateLimitField(decisions: readonly ReportedDecision[]): string {
  return decisions
    .map((decision, position) => {
      const untilMs = decision.allowed ? decision.resetAfterMs : (decision.retryAfterMs ?? decision.resetAfterMs);
      return `${nameOf(decision, position)};r=${Math.min(decision.remaining, largestInteger)};t=${ceilSeconds(untilMs)}`;
    })
    .join(", ");
}
