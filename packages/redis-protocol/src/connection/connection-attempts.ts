// Tries to connect until a connection is made: after each failure, and beside an attempt that stays unanswered.
import type { Established } from "./establish.ts";
import { reconnectDelayMs } from "./reconnect-delay.ts";

export interface ConnectionAttempts {
  /** Starts trying, if one is needed and that is not under way. */
  start(): void;
  /** Abandons what is under way. If a connection is still needed, the next attempt starts at once. */
  abandon(): void;
}

export interface AttemptOptions {
  /** Rejects when `signal` aborts, and leaves nothing open then. */
  connect(signal: AbortSignal): Promise<Established>;
  isNeeded(): boolean;
  starting(): void;
  made(established: Established): void;
  failed(error: unknown): void;
}

/** How long an attempt is waited for before another is started beside it. */
const IMPATIENT_MS = 1_000;
const MOST_AT_ONCE = 5;

export function connectionAttempts({ connect, isNeeded, starting, made, failed }: AttemptOptions): ConnectionAttempts {
  const underWay = new Set<AbortController>();
  let trying = false;
  let failures = 0;
  let stopNap = () => {};

  const nap = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      stopNap = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const attempt = async (): Promise<void> => {
    const cancel = new AbortController();
    underWay.add(cancel);
    starting();
    try {
      const established = await connect(cancel.signal);
      if (isNeeded() && !cancel.signal.aborted) made(established);
      else established.link.destroy();
    } catch (error) {
      if (!cancel.signal.aborted) failed(error);
    } finally {
      underWay.delete(cancel);
    }
  };
  const tryUntilMade = async () => {
    failures = 0;
    while (isNeeded()) {
      if (underWay.size >= MOST_AT_ONCE) [...underWay][0]?.abort(new Error("Another attempt takes its place."));
      let over = false;
      const patience = nap(IMPATIENT_MS);
      await Promise.race([attempt().then(() => (over = true)), patience]);
      stopNap();
      const delayMs = failures < 0 ? 0 : reconnectDelayMs(failures);
      failures += 1;
      if (over && isNeeded()) await nap(delayMs);
    }
  };
  const start = () => {
    if (trying || !isNeeded()) return;
    trying = true;
    void tryUntilMade().finally(() => {
      trying = false;
      // It may have become needed again in the meantime.
      start();
    });
  };
  return {
    start,
    abandon() {
      for (const attempt of [...underWay]) attempt.abort(new Error("No connection is needed any more."));
      // The next one is the first again.
      failures = -1;
      stopNap();
    },
  };
}
