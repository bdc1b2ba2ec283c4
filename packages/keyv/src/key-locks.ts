// One holder at a time for each key, in the order of asking. This makes an operation atomic within this process.

/** Mutexes by key. Each exists only while a caller holds or awaits it. */
export interface KeyLocks {
  /** How many keys are held now. */
  readonly size: number;
  /**
   * Resolves with the release once all `keys` are held. Once the signal aborts it rejects with the signal's reason,
   * holding nothing and leaving every queue. Every caller takes its keys in the same order, so no two wait for each
   * other.
   */
  acquire(keys: readonly string[], signal: AbortSignal): Promise<() => void>;
}

export function keyLocks(): KeyLocks {
  /** The waiting callers of each held key. */
  const queues = new Map<string, Set<() => void>>();

  const lock = (key: string, signal: AbortSignal): Promise<void> | undefined => {
    signal.throwIfAborted();
    const waiting = queues.get(key);
    if (waiting === undefined) {
      queues.set(key, new Set());
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(turn);
        reject(signal.reason);
      };
      waiting.add(turn);
      signal.addEventListener("abort", leave, { once: true });
    });
  };

  const unlock = (key: string) => {
    const waiting = queues.get(key);
    const [next] = waiting ?? [];
    if (waiting === undefined || next === undefined) {
      queues.delete(key);
      return;
    }
    waiting.delete(next);
    next();
  };

  return {
    get size() {
      return queues.size;
    },
    async acquire(keys, signal) {
      const held: string[] = [];
      const release = () => {
        for (const key of held.splice(0)) unlock(key);
      };
      try {
        for (const key of [...keys].sort()) {
          await lock(key, signal);
          held.push(key);
        }
      } catch (error) {
        release();
        throw error;
      }
      return release;
    },
  };
}
