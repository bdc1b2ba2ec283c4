// Retries a call through an outage of the store, so that one lost answer loses no result.
import { isStoreError } from "../errors.ts";

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 1_000;

/**
 * Calls again while the store is unavailable and `until()`, on `performance.now()`, has not come. For calls that may be
 * repeated. The backoff doubles from 50 ms to 1 s. Throws the store's last error, and any error but STORE_UNAVAILABLE
 * at once.
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
