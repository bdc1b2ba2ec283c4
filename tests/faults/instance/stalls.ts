// In an instance's process: for how long it was not scheduled, so that a busy machine is not taken for a late call.

export interface StallWatch {
  /** Milliseconds of standing still since an instant of `performance.now()`. */
  since(atMs: number): number;
  longest(): number;
  close(): void;
}

const EVERY_MS = 20;
const KEPT_MS = 60_000;

export function stallWatch(): StallWatch {
  const stalls: { endMs: number; lengthMs: number }[] = [];
  let lastMs = performance.now();
  let longest = 0;
  const look = () => {
    const nowMs = performance.now();
    const lengthMs = nowMs - lastMs - EVERY_MS;
    lastMs = nowMs;
    if (lengthMs < 5) return;
    longest = Math.max(longest, lengthMs);
    stalls.push({ endMs: nowMs, lengthMs });
    while ((stalls[0]?.endMs ?? nowMs) < nowMs - KEPT_MS) stalls.shift();
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    since(atMs) {
      // The process may stand still right now: a late timer has not run yet.
      look();
      return stalls.filter(({ endMs }) => endMs > atMs).reduce((sum, { lengthMs }) => sum + lengthMs, 0);
    },
    longest: () => Math.round(longest),
    close: () => clearInterval(timer),
  };
}
