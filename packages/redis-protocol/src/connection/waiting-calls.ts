// Calls that wait for a connection, each until its own deadline.
import type { StoreError } from "@tollbooth-stores/core";

export interface WaitingCalls {
  count(): number;
  /** Resolves or rejects with `endAll`; rejects when `signal` aborts. */
  add(signal: AbortSignal): Promise<void>;
  /** All that wait go on; with `refused` they are rejected with it. */
  endAll(refused: StoreError | undefined): void;
}

interface Call {
  resolve(): void;
  reject(error: unknown): void;
}

export function waitingCalls(): WaitingCalls {
  const waiting = new Set<Call>();
  return {
    count: () => waiting.size,
    add(signal) {
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(call);
          reject(signal.reason);
        };
        const over = () => signal.removeEventListener("abort", leave);
        const call: Call = {
          resolve() {
            over();
            resolve();
          },
          reject(error) {
            over();
            reject(error);
          },
        };
        if (signal.aborted) return leave();
        waiting.add(call);
        signal.addEventListener("abort", leave, { once: true });
      });
    },
    endAll(refused) {
      const calls = [...waiting];
      waiting.clear();
      for (const { resolve, reject } of calls) {
        if (refused === undefined) resolve();
        else reject(refused);
      }
    },
  };
}
