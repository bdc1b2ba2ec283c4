// A signal that aborts with any of several, until it is let go.
import { allowListeners } from "./many-listeners.ts";

export interface JoinedSignal {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** From now on it aborts with none of them. */
  letGo(): void;
}

/** Not `AbortSignal.any`: Node keeps such a signal alive for good while it has a listener, and all that the listener holds. */
export function joinSignals(signals: readonly AbortSignal[]): JoinedSignal {
  const own = new AbortController();
  const abort = (reason: unknown) => own.abort(reason);
  const joined = signals.map((signal) => ({ signal, listener: () => abort(signal.reason) }));
  for (const { signal, listener } of joined) {
    if (signal.aborted) listener();
    allowListeners(signal);
    signal.addEventListener("abort", listener, { once: true });
  }
  return {
    signal: own.signal,
    abort,
    letGo() {
      for (const { signal, listener } of joined) signal.removeEventListener("abort", listener);
    },
  };
}
