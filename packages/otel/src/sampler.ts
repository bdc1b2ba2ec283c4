// A question that is asked again and again, apart from all requests: it delays nothing, never throws, and keeps no process
// alive.

export interface SamplingTimes {
  /** From the end of one sample to the begin of the next, in milliseconds. */
  everyMs?: number | undefined;
  /** How long one sample may take, in milliseconds. */
  timeoutMs?: number | undefined;
}

export interface Sampling {
  /** Asks once. It may ignore `signal`: then it is not waited for, and not asked again before it has ended. */
  ask(signal: AbortSignal, timeoutMs: number): Promise<void>;
  /** A sample failed, or came too late. */
  failed(): void;
}

/** Throws a RangeError for a time that a timer cannot keep. Asks at once, and until what it returns is called. */
export function startSampling({ ask, failed }: Sampling, { everyMs, timeoutMs }: Required<SamplingTimes>): () => void {
  const every = requireMs(everyMs, "everyMs");
  const within = requireMs(timeoutMs, "timeoutMs");
  let stopped = false;
  let isAsking = false;
  let timer: NodeJS.Timeout | undefined;
  let current: AbortController | undefined;

  const sample = async () => {
    if (isAsking) return failed();
    const deadline = new AbortController();
    current = deadline;
    const timeout = setTimeout(() => deadline.abort(new Error("The sample took too long.")), within).unref();
    const late = new Promise<never>((_, reject) => {
      deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason), { once: true });
    });
    isAsking = true;
    const asked = ask(deadline.signal, within).finally(() => {
      isAsking = false;
    });
    try {
      await Promise.race([asked, late]);
    } catch {
      if (!stopped) failed();
    } finally {
      clearTimeout(timeout);
      asked.catch(() => undefined);
      late.catch(() => undefined);
    }
  };
  const loop = async () => {
    await sample();
    if (!stopped) timer = setTimeout(loop, every).unref();
  };
  void loop();
  return () => {
    stopped = true;
    clearTimeout(timer);
    current?.abort(new Error("The sampling was stopped."));
  };
}

/** The longest time that setTimeout keeps. */
const MOST_MS = 2_147_483_647;

function requireMs(value: number | undefined, name: string): number {
  if (value !== undefined && Number.isSafeInteger(value) && value >= 1 && value <= MOST_MS) return value;
  throw new RangeError(`${name} must be a whole number of milliseconds, 1 to ${MOST_MS}.`);
}
