// A visible decision to admit callers while the rate-limit store cannot be reached, or has no room for them.
import { isStoreError, type StoreError } from "../errors.ts";
import type { RateLimitCheck, RateLimitDecision, RateLimitStore } from "./rate-limit-store.ts";

/** Options of the decorators that answer without the store. */
export interface FallbackOptions {
  /** Called for every call that was answered without the store. What it throws is ignored: it decides nothing. */
  onFallback?: ((error: StoreError) => void) | undefined;
}

/**
 * Runs `call`. Where the store could not be reached, or a bounded store had no room for the client, it reports that and
 * answers with `instead`. Only STORE_UNAVAILABLE and STORE_CAPACITY count: a closed or misused store and a corrupt record
 * are no outages. An aborted call stays aborted.
 */
export async function answeredAnyway<R>(
  call: () => Promise<R>,
  instead: () => R | Promise<R>,
  signal: AbortSignal | undefined,
  { onFallback }: FallbackOptions,
): Promise<R> {
  try {
    return await call();
  } catch (error) {
    if (signal?.aborted) throw error;
    if (!isStoreError(error, "STORE_UNAVAILABLE") && !isStoreError(error, "STORE_CAPACITY")) throw error;
    try {
      onFallback?.(error);
    } catch {
      // An observer's failure must not become the caller's.
    }
    return instead();
  }
}

/** The decision for a client never seen, with nothing taken. A cost that can never fit is still denied. */
function unseen({ policy, cost = 1 }: RateLimitCheck, takes: boolean): RateLimitDecision {
  const burst = policy.algorithm === "token-bucket" ? policy.burst : undefined;
  const capacity = policy.limit === 0 ? 0 : (burst ?? policy.limit);
  const allowed = capacity > 0 && cost <= capacity;
  return {
    allowed,
    limit: policy.limit,
    remaining: allowed && takes ? capacity - cost : capacity,
    retryAfterMs: allowed ? 0 : null,
    resetAfterMs: 0,
    source: "fallback",
  };
}

/**
 * While `store` cannot be reached, and for a client that a full one has no room for, consume, consumeAll, peek, charge
 * and refund answer as for a client never seen: allowed, `source: "fallback"`, nothing taken, no receipt. A cost above the capacity, and
 * a limit of 0, stay denied. block and reset still reject: no caller may believe in a block that is not there.
 *
 * Do not use it where the limit is what protects you: paid or costly upstream calls, logins, anything that an attacker
 * may overload or fill the store to reach. `withFallback` keeps a limit per instance instead. Payments have no such decorator.
 *
 * Capabilities are the store's own; they hold whenever the store answers. Closing closes the store.
 */
export function failOpen(store: RateLimitStore, options: FallbackOptions = {}): RateLimitStore {
  return {
    capabilities: store.capabilities,
    defaultWindowMs: store.defaultWindowMs,
    consume: (check, callOptions) =>
      answeredAnyway(
        () => store.consume(check, callOptions),
        () => unseen(check, true),
        callOptions?.signal,
        options,
      ),
    consumeAll: (checks, callOptions) =>
      answeredAnyway(
        () => store.consumeAll(checks, callOptions),
        () => {
          const decisions = checks.map((check) => unseen(check, true));
          // The store may have taken a part before it was lost.
          return { allowed: decisions.every(({ allowed }) => allowed), atomic: false, decisions };
        },
        callOptions?.signal,
        options,
      ),
    peek: (check, callOptions) =>
      answeredAnyway(
        () => store.peek(check, callOptions),
        () => unseen(check, false),
        callOptions?.signal,
        options,
      ),
    charge: (check, callOptions) =>
      answeredAnyway(
        () => store.charge(check, callOptions),
        () => unseen(check, true),
        callOptions?.signal,
        options,
      ),
    refund: (check, receipt, callOptions) =>
      answeredAnyway(
        () => store.refund(check, receipt, callOptions),
        () => unseen(check, false),
        callOptions?.signal,
        options,
      ),
    block: (check, durationMs, callOptions) => store.block(check, durationMs, callOptions),
    reset: (check, callOptions) => store.reset(check, callOptions),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
