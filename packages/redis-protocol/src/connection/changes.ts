// Waiting for the next change of something that many callers watch.

export interface Changes {
  /** Wakes all that wait. */
  tell(): void;
  /** `work` gets a promise of the next change. It is forgotten when `work` has settled. */
  during<R>(work: (next: Promise<void>) => Promise<R>): Promise<R>;
}

export function changes(): Changes {
  const waiting = new Set<() => void>();
  return {
    tell() {
      const told = [...waiting];
      waiting.clear();
      for (const wake of told) wake();
    },
    async during(work) {
      let wake = () => {};
      const next = new Promise<void>((resolve) => {
        wake = resolve;
      });
      waiting.add(wake);
      try {
        return await work(next);
      } finally {
        waiting.delete(wake);
      }
    },
  };
}

/** Settles as `work` does, or rejects with the signal's reason when it aborts. */
export async function unlessAborted<R>(signal: AbortSignal, work: Promise<R>): Promise<R> {
  // Its failure may come after the abort, when no caller waits for it. An unhandled one would end the process.
  work.catch(() => undefined);
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
