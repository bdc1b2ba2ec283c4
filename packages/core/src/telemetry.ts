// One message per store operation on `node:diagnostics_channel`, for metrics and traces. No subscriber: almost free.
import { channel } from "node:diagnostics_channel";
import { isStoreError, type StoreErrorCode } from "./errors.ts";

/** The channel's name: `diagnostics_channel.subscribe(operationChannel, (message) => ...)`. */
export const operationChannel = "tollbooth-stores:operation";

/** One finished operation. Holds no key, client, subject, session id or value. */
export interface OperationMessage {
  store: "rate-limits" | "sessions" | "verifications";
  /** The method's name, e.g. "consume". */
  operation: string;
  /** E.g. "memory", "ioredis". */
  provider: string;
  durationMs: number;
  /** "error", or the reply in a word: "allowed", "denied", "ok", "missing", "claimed", ... */
  outcome: string;
  /** Only where the outcome is "error": a StoreError's code, else "OTHER" (an aborted signal, say). */
  errorCode?: StoreErrorCode | "OTHER";
}

const operations = channel(operationChannel);

/** Runs one operation and reports it. `outcomeOf` puts the reply in a word. */
export async function observed<R>(
  about: Pick<OperationMessage, "store" | "operation" | "provider">,
  run: () => Promise<R>,
  outcomeOf: (reply: R) => string,
): Promise<R> {
  if (!operations.hasSubscribers) return run();
  const started = performance.now();
  const publish = (rest: Pick<OperationMessage, "outcome" | "errorCode">) =>
    operations.publish({ ...about, durationMs: performance.now() - started, ...rest } satisfies OperationMessage);
  try {
    const reply = await run();
    publish({ outcome: outcomeOf(reply) });
    return reply;
  } catch (error) {
    publish({ outcome: "error", errorCode: isStoreError(error) ? error.code : "OTHER" });
    throw error;
  }
}
