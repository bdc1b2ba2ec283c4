// How long the machine let nothing through, processor or disk: for knowing what a lost lease was lost by.
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface Stalls {
  /** The longest time between two heartbeats beyond what was meant, in milliseconds. */
  longestMs(): number;
  /** Idempotent. */
  stop(): Promise<void>;
}

const everyMs = 200;

/** A heartbeat that is written to `file`, and synced as the lane's own logs are. */
export function watchStalls(file: string): Stalls {
  const ending = new AbortController();
  let longest = 0;
  let last = performance.now();
  const beat = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - everyMs);
    last = now;
  };
  const run = async () => {
    const handle = await open(file, "w");
    try {
      while (!ending.signal.aborted) {
        await handle.write(".", 0);
        await handle.sync();
        await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => undefined);
        if (!ending.signal.aborted) beat();
      }
    } finally {
      await handle.close();
    }
  };
  // A disk that cannot be written to is told by the logs themselves.
  const running = run().catch(() => undefined);
  return {
    longestMs: () => Math.round(Math.max(longest, performance.now() - last - everyMs)),
    async stop() {
      ending.abort();
      await running;
    },
  };
}
