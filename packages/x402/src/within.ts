// Bounds work by time, also work that does not heed its signal.
import { joinSignals } from "@tollbooth-stores/core/native";

/** Node runs a longer timer at once: 24.8 days. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** Rejects with `late()` after `timeoutMs`, and aborts the signal of `work` then. `signal` is passed on. */
export async function within<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const joined = joinSignals(signal === undefined ? [] : [signal]);
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = late();
      joined.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(joined.signal), timedOut]);
  } finally {
    clearTimeout(timer);
    joined.letGo();
  }
}
