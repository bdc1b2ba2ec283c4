// Waits for what a lane's logs will say: for doing something to a payment at a step, and not at a moment.
import type { LaneLogs } from "./lane-logs.ts";

export interface LogWatch {
  /** Resolves with what `find` finds, looking at the logs as they grow. Rejects with the signal's reason. */
  until<T>(find: (logs: LaneLogs) => T | undefined, signal: AbortSignal): Promise<T>;
}

/** Short beside what a settlement takes, in milliseconds. */
const lookEveryMs = 3;

/** All who wait share one look at the files. */
export function logWatch(read: () => LaneLogs): LogWatch {
  const waiting = new Set<(logs: LaneLogs) => void>();
  let looking = false;
  const look = () => {
    const logs = read();
    for (const one of [...waiting]) one(logs);
    looking = waiting.size > 0;
    if (looking) setTimeout(look, lookEveryMs);
  };
  return {
    until: (find, signal) =>
      new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(check);
          reject(signal.reason);
        };
        const check = (logs: LaneLogs) => {
          const found = find(logs);
          if (found === undefined) return;
          waiting.delete(check);
          signal.removeEventListener("abort", leave);
          resolve(found);
        };
        if (signal.aborted) return leave();
        signal.addEventListener("abort", leave, { once: true });
        waiting.add(check);
        if (looking) return;
        looking = true;
        setTimeout(look, 0);
      }),
  };
}
