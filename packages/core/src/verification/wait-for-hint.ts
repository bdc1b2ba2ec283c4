// One wait: until a hint, a timeout, an abort or the store's close, whichever comes first. It leaves no timer or
// listener.
import type { AtomicPort } from "../atomic-port.ts";

/** Resolves at a hint or after `timeoutMs`. Rejects with the reason of the signal that aborts. */
export function waitForHint(
  hint: AtomicPort["hint"],
  key: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  closing: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let unsubscribe: (() => void) | undefined;
    const signals = signal === undefined ? [closing] : [signal, closing];
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      unsubscribe?.();
      for (const each of signals) each.removeEventListener("abort", abort);
      settle();
    };
    const abort = () => finish(() => reject(signals.find((each) => each.aborted)?.reason));
    // setTimeout takes at most 2^31-1 ms. A longer wait may end early, just as any hint may be false.
    const timer = setTimeout(() => finish(resolve), Math.min(timeoutMs, 2 ** 31 - 1));
    for (const each of signals) each.addEventListener("abort", abort, { once: true });
    unsubscribe = hint?.subscribe(key, () => finish(resolve));
    if (signals.some((each) => each.aborted)) abort();
  });
}
