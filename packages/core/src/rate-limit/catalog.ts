// The rate limits' transitions by name, for backends that run them themselves: arguments and reply of the pure
// function.
import type { Receipt } from "./algorithm.ts";
import type { LimitGroup } from "./consume-all.ts";
import type { Limit } from "./policy.ts";
import type { RateLimitDecision } from "./rate-limit-store.ts";

/** Each transition's arguments and reply. The comment names its keys. */
export interface RateLimitCatalog {
  /** record */ "rate-limit.consume": { arguments: { limit: Limit }; reply: RateLimitDecision };
  /** one record a group */ "rate-limit.consumeAll": {
    arguments: { groups: readonly LimitGroup[] };
    /** `atomic`: where it differs from the port's own capability. */
    reply: { allowed: boolean; decisions: RateLimitDecision[]; atomic?: boolean };
  };
  /** record */ "rate-limit.peek": { arguments: { limit: Limit }; reply: RateLimitDecision };
  /** record */ "rate-limit.charge": { arguments: { limit: Limit }; reply: RateLimitDecision };
  /** record */ "rate-limit.refund": { arguments: { limit: Limit; receipt: Receipt }; reply: RateLimitDecision };
  /** record */ "rate-limit.block": { arguments: { limit: Limit; durationMs: number }; reply: undefined };
  /** record */ "rate-limit.reset": { arguments: { limit: Limit }; reply: boolean };
}
