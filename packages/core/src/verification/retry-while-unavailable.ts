// Makes a call again through an outage of the store: what was found out must not be lost for a lost answer.
import { isStoreError } from "../errors.ts";

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 1_000;

/**
 * Calls again and again while the store is unavailable and `until()`, on `performance.now()`, has not come: for calls that
 * may be repeated. Throws what the store threw last, and anything but STORE_UNAVAILABLE at once.
 */
export async function retryWhileUnavailable<T>(call: () => Promise<T>, until: () => number): Promise<T> {
  for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(2 * backoff, LAST_BACKOFF_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!isStoreError(error, "STORE_UNAVAILABLE") || performance.now() + backoff >= until()) throw error;
      await new Promise((resolve) => setTimeout(resolve, backoff));
    }
  }
}
