// Completes a claim through an outage of the store: what was found out, or paid, must not be lost for a lost answer.
import { isStoreError } from "../errors.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 1_000;

/**
 * Completes, again and again while the store is unavailable and `until()`, on `performance.now()`, has not come. Repeating is
 * safe: a completion that took effect is "ok" once more. Throws what the store threw last, anything but STORE_UNAVAILABLE
 * at once.
 */
export async function completeWhileHeld(
  store: VerificationStore,
  key: string,
  lease: Lease,
  result: Parameters<VerificationStore["complete"]>[2],
  until: () => number,
): Promise<"ok" | "lost"> {
  for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(2 * backoff, LAST_BACKOFF_MS)) {
    try {
      return (await store.complete(key, lease, result)).status;
    } catch (error) {
      if (!isStoreError(error, "STORE_UNAVAILABLE") || performance.now() + backoff >= until()) throw error;
      await new Promise((resolve) => setTimeout(resolve, backoff));
    }
  }
}
