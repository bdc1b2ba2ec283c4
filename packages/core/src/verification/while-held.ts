// Ends a claim's work through an outage of the store: what was found out, served or paid must not be lost for a lost answer.
import { isStoreError } from "../errors.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 1_000;

/**
 * Calls again and again while the store is unavailable and `until()`, on `performance.now()`, has not come: for calls that
 * may be repeated. Throws what the store threw last, anything but STORE_UNAVAILABLE at once, and the signal's reason.
 */
export async function whileHeld<T>(call: () => Promise<T>, until: () => number, signal?: AbortSignal): Promise<T> {
  for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(2 * backoff, LAST_BACKOFF_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!isStoreError(error, "STORE_UNAVAILABLE") || performance.now() + backoff >= until()) throw error;
      await new Promise((resolve) => setTimeout(resolve, backoff));
      signal?.throwIfAborted();
    }
  }
}

/** Completes; repeating is safe, since a completion that took effect is "ok" once more. */
export async function completeWhileHeld(
  store: VerificationStore,
  key: string,
  lease: Lease,
  result: Parameters<VerificationStore["complete"]>[2],
  until: () => number,
): Promise<"ok" | "lost"> {
  return whileHeld(async () => (await store.complete(key, lease, result)).status, until);
}
