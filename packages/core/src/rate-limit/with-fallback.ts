// A visible decision to limit by a second store, usually this process's memory, while the first cannot be reached.
import { answeredAnyway, type FallbackOptions } from "./fail-open.ts";
import type { RateLimitDecision, RateLimitStore } from "./rate-limit-store.ts";

/** Marks a receipt of the fallback. */
const ofFallback = "fb!";
/** Marks a receipt of the first store that would otherwise look like ours. (It may have a fallback itself.) */
const ofStore = "st!";

function fromStore(decision: RateLimitDecision): RateLimitDecision {
  const { receipt } = decision;
  if (receipt === undefined || !(receipt.startsWith(ofFallback) || receipt.startsWith(ofStore))) return decision;
  return { ...decision, receipt: ofStore + receipt };
}

function fromFallback(decision: RateLimitDecision): RateLimitDecision {
  const { receipt, ...rest } = decision;
  if (receipt === undefined) return { ...rest, source: "fallback" };
  return { ...rest, receipt: ofFallback + receipt, source: "fallback" };
}

/** Waits for both, whatever becomes of either. Rejects with the first store's failure, else with the fallback's. */
async function both<R>(first: Promise<R>, second: Promise<R>): Promise<[R, R]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === "rejected") throw one.reason;
  if (other.status === "rejected") throw other.reason;
  return [one.value, other.value];
}

/**
 * While `store` cannot be reached, and for a client that a full one has no room for, `fallback` answers consume,
 * consumeAll, peek, charge and refund, with `source: "fallback"`. With a memory store as fallback every instance then limits by itself.
 * So n instances admit up to n times the limit, counted afresh at the start of each outage, and what they took is not carried over.
 *
 * - Receipts remember which store gave them. A fallback's receipt is refunded to the fallback. A receipt of `store`
 *   cannot be refunded during an outage: nothing is given back, and the answer is the fallback's view.
 * - block goes to both, so that it also holds in an outage. Where `store` fails, the call rejects with its error
 *   although this instance's fallback now blocks: the other instances do not. Blocking again is safe.
 * - reset goes to both and rejects likewise; true if either had a record.
 *
 * Do not use it where several instances together must keep a limit at all times: let the call fail, and answer 503.
 *
 * Capabilities say what still holds in an outage. They are never shared, since instances may then count apart. They are
 * atomic and durable only if both stores are. Closing closes both.
 */
export function withFallback(
  store: RateLimitStore,
  fallback: RateLimitStore,
  options: FallbackOptions = {},
): RateLimitStore {
  const close = async () => {
    await Promise.all([store.close(), fallback.close()]);
  };
  return {
    capabilities: {
      shared: false,
      atomic: store.capabilities.atomic && fallback.capabilities.atomic,
      durable: store.capabilities.durable && fallback.capabilities.durable,
    },
    defaultWindowMs: store.defaultWindowMs,
    consume: (check, callOptions) =>
      answeredAnyway(
        async () => fromStore(await store.consume(check, callOptions)),
        async () => fromFallback(await fallback.consume(check, callOptions)),
        callOptions?.signal,
        options,
      ),
    consumeAll: (checks, callOptions) =>
      answeredAnyway(
        async () => {
          const answer = await store.consumeAll(checks, callOptions);
          return { ...answer, decisions: answer.decisions.map(fromStore) };
        },
        async () => {
          const answer = await fallback.consumeAll(checks, callOptions);
          return { ...answer, decisions: answer.decisions.map(fromFallback) };
        },
        callOptions?.signal,
        options,
      ),
    peek: (check, callOptions) =>
      answeredAnyway(
        () => store.peek(check, callOptions),
        async () => fromFallback(await fallback.peek(check, callOptions)),
        callOptions?.signal,
        options,
      ),
    charge: (check, callOptions) =>
      answeredAnyway(
        async () => fromStore(await store.charge(check, callOptions)),
        async () => fromFallback(await fallback.charge(check, callOptions)),
        callOptions?.signal,
        options,
      ),
    async refund(check, receipt, callOptions) {
      const marked = (mark: string) => typeof receipt === "string" && receipt.startsWith(mark);
      if (marked(ofFallback)) {
        return fromFallback(await fallback.refund(check, receipt.slice(ofFallback.length), callOptions));
      }
      const own = marked(ofStore) ? receipt.slice(ofStore.length) : receipt;
      return answeredAnyway(
        () => store.refund(check, own, callOptions),
        async () => fromFallback(await fallback.peek(check, callOptions)),
        callOptions?.signal,
        options,
      );
    },
    async block(check, durationMs, callOptions) {
      await both(store.block(check, durationMs, callOptions), fallback.block(check, durationMs, callOptions));
    },
    async reset(check, callOptions) {
      const [here, there] = await both(store.reset(check, callOptions), fallback.reset(check, callOptions));
      return here || there;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
