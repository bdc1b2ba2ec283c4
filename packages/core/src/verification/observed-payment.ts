// Reports how a call of payOnce ended, to telemetry.
import { isStoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { type AnswerMessage, publishAnswer, runCall } from "../payment-telemetry.ts";
import type { Paid } from "./paid.ts";
import { paymentRecord } from "./payment-records.ts";

/** Runs it and reports it. `run` tells the attempt of each lease that it gets. */
export async function observedPayment<R>(
  key: string,
  signal: AbortSignal | undefined,
  run: (attempted: (attempt: number) => void) => Promise<Paid<R>>,
): Promise<Paid<R>> {
  const started = performance.now();
  const handle = sha256(paymentRecord(key));
  let attempt = 0;
  const publish = (rest: Pick<AnswerMessage, "outcome" | "errorCode">) =>
    publishAnswer({ handle, attempt, durationMs: performance.now() - started, ...rest });
  return runCall({ handle }, async () => {
    try {
      const paid = await run((held) => {
        attempt = held;
      });
      publish({ outcome: outcomeOf(paid) });
      return paid;
    } catch (error) {
      if (signal?.aborted === true) publish({ outcome: "left" });
      else publish({ outcome: "error", errorCode: isStoreError(error) ? error.code : "OTHER" });
      throw error;
    }
  });
}

function outcomeOf(paid: Paid<unknown>): AnswerMessage["outcome"] {
  if (paid.status !== "paid") return paid.status;
  if (paid.fresh) return "paid";
  return "kept" in paid ? "kept" : "delivered";
}
