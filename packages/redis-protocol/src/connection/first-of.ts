// Asks several addresses for one answer: the next one beside an earlier one that stays unanswered.

/**
 * The first answer. The next candidate is asked when one fails, or after `patienceMs` of silence. Rejects with the last
 * error where all fail, and when `signal` aborts. The others' own signals then tell them to end.
 */
export async function firstOf<C, R>(
  candidates: readonly C[],
  ask: (candidate: C, signal: AbortSignal) => Promise<R>,
  signal: AbortSignal,
  patienceMs: number,
): Promise<R> {
  const stop = new AbortController();
  const abort = () => stop.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    signal.throwIfAborted();
    return await new Promise<R>((resolve, reject) => {
      let [next, open] = [0, 0];
      const advance = (error: unknown) => {
        clearTimeout(timer);
        const candidate = candidates[next];
        if (candidate === undefined) {
          if (open === 0) reject(error);
          return;
        }
        next += 1;
        open += 1;
        timer = setTimeout(advance, patienceMs);
        ask(candidate, stop.signal).then(resolve, (failure: unknown) => {
          open -= 1;
          if (!stop.signal.aborted) advance(failure);
        });
      };
      stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
      advance(new Error("There is no address to ask."));
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    stop.abort(new Error("Another address answered."));
  }
}
