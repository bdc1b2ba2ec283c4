// Asks a store again while it is away for a moment, where giving up would cost more than waiting.
import { setTimeout as sleep } from "node:timers/promises";
import { isStoreError } from "@tollbooth-stores/core";

const pauseMs = 100;

/**
 * `ask`, again and again after STORE_UNAVAILABLE for `withinMs` milliseconds; then, or after anything else, throws what was
 * thrown last. An `ask` that took effect although it failed takes effect twice: only for what may count too much. Aborting
 * `signal` ends it with the signal's reason.
 */
export async function throughOutage<T>(ask: () => Promise<T>, withinMs: number, signal: AbortSignal): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!isStoreError(error, "STORE_UNAVAILABLE") || performance.now() + pauseMs >= until) throw error;
      await sleep(pauseMs);
    }
  }
}
