// One wait: until a record may have changed, a timeout, an abort or the store's close, whichever comes first. It leaves
// no timer or listener.
import type { RecordWatch } from "./record-watch.ts";

/** Resolves at a change or after `timeoutMs`. Rejects with the reason of the signal that aborts. */
export function waitForChange(
  watch: RecordWatch,
  key: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  closing: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const signals = signal === undefined ? [closing] : [signal, closing];
    const gone = signals.find((each) => each.aborted);
    if (gone !== undefined) return reject(gone.reason);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      unsubscribe();
      for (const each of signals) each.removeEventListener("abort", abort);
      settle();
    };
    const abort = () => finish(() => reject(signals.find((each) => each.aborted)?.reason));
    // setTimeout takes at most 2^31-1 ms. Ending a longer wait early is safe: callers look again after every wake-up.
    const timer = setTimeout(() => finish(resolve), Math.min(timeoutMs, 2 ** 31 - 1));
    for (const each of signals) each.addEventListener("abort", abort, { once: true });
    const unsubscribe = watch.subscribe(key, () => finish(resolve));
  });
}
