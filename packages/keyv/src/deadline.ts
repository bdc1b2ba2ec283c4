// One call's time: it settles by its deadline or its caller's abort, whatever the adapter does, and knows whether it
// wrote.
import { StoreError } from "@tollbooth-stores/core";

/** The deadline as the work of a call sees it. */
export interface Attempt {
  /** Aborts at the deadline or with the caller's signal. After that the work may begin nothing. */
  readonly signal: AbortSignal;
  /** From now on the call may have taken effect, whatever its caller is told. */
  writing(): void;
}

/**
 * Rejects with STORE_UNAVAILABLE after `timeoutMs`, outcome "unknown" once `writing` was called; and with the caller's
 * reason when its signal aborts. Time counts from `startedAtMs`, by `performance.now()`. The work goes on to its end, and its result is
 * then ignored.
 */
export function withinDeadline<R>(
  timeoutMs: number,
  callerSignal: AbortSignal | undefined,
  work: (attempt: Attempt) => Promise<R>,
  startedAtMs: number = performance.now(),
): Promise<R> {
  const leftMs = timeoutMs - (performance.now() - startedAtMs);
  if (leftMs <= 0) return Promise.reject(timedOut(timeoutMs, false));
  const controller = new AbortController();
  const { signal } = controller;
  let writing = false;
  return new Promise<R>((resolve, reject) => {
    const timer = setTimeout(() => controller.abort(timedOut(timeoutMs, writing)), leftMs);
    const leave = () => controller.abort(callerSignal?.reason);
    const settle = () => {
      clearTimeout(timer);
      callerSignal?.removeEventListener("abort", leave);
    };
    signal.addEventListener("abort", () => {
      settle();
      reject(signal.reason);
    });
    if (callerSignal?.aborted) leave();
    callerSignal?.addEventListener("abort", leave, { once: true });
    const attempt: Attempt = {
      signal,
      writing() {
        writing = true;
      },
    };
    work(attempt).finally(settle).then(resolve, reject);
  });
}

function timedOut(timeoutMs: number, writing: boolean): StoreError {
  const effect = writing ? "the call may have taken effect" : "nothing was written";
  return new StoreError(
    "STORE_UNAVAILABLE",
    `The Keyv adapter did not finish within commandTimeoutMs (${timeoutMs}); ${effect}.`,
    { outcome: writing ? "unknown" : "not-applied" },
  );
}
