// What a client is told while the stores cannot answer.
import { isStoreError, type StoreError } from "@tollbooth-stores/core";
import { type Answer, problem } from "./answer.ts";

/** What may be over soon. */
const unavailable = ["STORE_UNAVAILABLE", "STORE_CAPACITY", "STORE_CLOSED"] as const;

/** Whether the store cannot answer now, and may soon. */
export function isUnavailable(error: unknown): error is StoreError {
  return isStoreError(error) && unavailable.some((code) => error.code === code);
}

/**
 * The answer to a store's failure: 503 with Retry-After, for an application's error handler too. Undefined for any other
 * error, for a record that cannot be read, and for a call that can never succeed as made: those are no client's to retry.
 */
export function storeFailure(error: unknown): Answer | undefined {
  if (!isUnavailable(error)) return undefined;
  const effect =
    error.outcome === "unknown" ? "The request may have taken effect." : "The request changed nothing there.";
  return problem(503, "store_unavailable", `Shared state cannot be reached. ${effect} Try again.`, {
    "retry-after": "1",
  });
}
