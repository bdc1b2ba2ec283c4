// Whether this instance can take payments now: its stores take writes, and its facilitator answers.
import { isStoreError, type Stores } from "@tollbooth-stores/core";
import type { GatewayConfig } from "./gateway-config.ts";

/** How long each check may take, in milliseconds. */
const checkTimeoutMs = 2_000;
/** How long an answer counts: anybody may ask, and the facilitator is somebody else's. */
const answerCountsMs = 3_000;

export interface Readiness {
  ready: boolean;
  /** "ok", or one word for the trouble. The answer is public, so it says no more. */
  checks: Record<string, string>;
}

/**
 * Asks the facilitator once in a while, and neither of the two twice at once, however often it is called. Why the stores
 * take no writes is logged, once for each reason.
 */
export function readiness(
  config: GatewayConfig,
  stores: Stores<unknown>,
  log: (line: string) => void = console.error,
): () => Promise<Readiness> {
  const facilitator = remembered(async () => {
    try {
      const response = await fetch(`${config.facilitator.url}/supported`, {
        signal: AbortSignal.timeout(checkTimeoutMs),
      });
      if (!response.ok) return "unreachable";
      await response.arrayBuffer();
      return "ok";
    } catch {
      return "unreachable";
    }
  }, answerCountsMs);
  let trouble: string | undefined;
  // ping() would succeed on a read-only replica and on a full Redis, where every payment fails.
  const writable = remembered(async () => {
    try {
      await stores.check({ signal: AbortSignal.timeout(checkTimeoutMs) });
      trouble = undefined;
      return "ok";
    } catch (error) {
      const reason = isStoreError(error) ? error.message : `they did not answer within ${checkTimeoutMs} ms`;
      if (reason !== trouble) log(`gateway: not ready, its stores take no writes: ${reason}`);
      trouble = reason;
      return isStoreError(error, "STORE_CAPACITY") ? "full" : "unwritable";
    }
  }, 0);
  return async () => {
    const [storeCheck, facilitatorCheck] = await Promise.all([writable(), facilitator()]);
    const checks = { stores: storeCheck, facilitator: facilitatorCheck };
    return { ready: Object.values(checks).every((check) => check === "ok"), checks };
  };
}

/** Asks once for all who come until the answer, and for `countsMs` after it. */
function remembered<T>(ask: () => Promise<T>, countsMs: number): () => Promise<T> {
  let answer: Promise<T> | undefined;
  const forget = () => {
    answer = undefined;
  };
  return () => {
    answer ??= ask().finally(() => (countsMs > 0 ? setTimeout(forget, countsMs).unref() : forget()));
    return answer;
  };
}
