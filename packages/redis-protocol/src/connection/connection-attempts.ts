// Tries to connect until a connection is made: after each failure, and beside an attempt that stays unanswered.
import type { Established } from "./establish.ts";
import { reconnectDelayMs } from "./reconnect-delay.ts";

export interface ConnectionAttempts {
  /** Starts trying, if one is needed and that is not under way. */
  start(): void;
  /** Abandons the attempts under way. */
  abandon(): void;
  /** The same; a new attempt starts at once, as the first. */
  startAnew(): void;
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
/** A connection that is lost sooner counts as a failed attempt, so that no server is asked without pause. */
const STABLE_MS = 1_000;
const LONGEST_UNSTABLE_MS = 200;

export function connectionAttempts({ connect, isNeeded, starting, made, failed }: AttemptOptions): ConnectionAttempts {
  const underWay = new Set<AbortController>();
  let trying = false;
  let failures = 0;
  let madeAtMs = Number.NEGATIVE_INFINITY;
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
      if (isNeeded() && !cancel.signal.aborted) {
        madeAtMs = performance.now();
        made(established);
      } else {
        established.link.destroy();
      }
    } catch (error) {
      if (!cancel.signal.aborted) failed(error);
    } finally {
      underWay.delete(cancel);
    }
  };
  const tryUntilMade = async () => {
    const isStable = performance.now() - madeAtMs >= STABLE_MS;
    if (isStable) failures = 0;
    else await nap(Math.min(reconnectDelayMs(failures), LONGEST_UNSTABLE_MS));
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
  const abandon = () => {
    for (const attempt of [...underWay]) attempt.abort(new Error("This attempt is not needed any more."));
    stopNap();
  };
  return {
    start,
    abandon,
    startAnew() {
      failures = -1;
      madeAtMs = Number.NEGATIVE_INFINITY;
      abandon();
      start();
    },
  };
}
