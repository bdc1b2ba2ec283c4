// Decides whether a call may send now, waits for the connection, or fails at once: for ports of any client.
import { hopelessConnection } from "./connection-failures.ts";

export interface ConnectionGate {
  /** As `RedisPort.ready`. */
  ready(signal: AbortSignal): Promise<void>;
  /** As `RedisPort.connectionError`. */
  connectionError(): unknown;
  /** The port reports every error of the connection here. */
  failed(error: unknown): void;
  /** The port reports here that the connection may have changed. Waiting calls go on if it is up. */
  changed(): void;
}

/** Clients signal by events that they are ready, but some kinds of client do not. So waiting calls poll, too. */
const LOOK_EVERY_MS = 10;

/**
 * `isUp` says whether a command sent now is written at once. It throws a StoreError where that will never be. A failure
 * that waiting does not mend (a wrong password, say) is answered at once for as long as the connection is down.
 */
export function connectionGate(isUp: () => boolean): ConnectionGate {
  const waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();
  let lastError: unknown;
  let timer: NodeJS.Timeout | undefined;

  /** "up", "down", or the error with which calls are answered. */
  const state = (): "up" | "down" | { refusal: unknown } => {
    try {
      if (isUp()) {
        lastError = undefined;
        return "up";
      }
    } catch (refusal) {
      return { refusal };
    }
    const refusal = hopelessConnection(lastError);
    return refusal === undefined ? "down" : { refusal };
  };
  const rest = () => {
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const settle = () => {
    const now = state();
    if (now === "down") return;
    for (const { resolve, reject } of waiting) {
      if (now === "up") resolve();
      else reject(now.refusal);
    }
    waiting.clear();
    rest();
  };
  return {
    ready(signal) {
      const now = state();
      if (now === "up") return Promise.resolve();
      if (now !== "down") return Promise.reject(now.refusal);
      return new Promise((resolve, reject) => {
        const call = { resolve, reject };
        waiting.add(call);
        timer ??= setInterval(settle, LOOK_EVERY_MS);
        const leave = () => {
          waiting.delete(call);
          rest();
          reject(signal.reason);
        };
        if (signal.aborted) leave();
        else signal.addEventListener("abort", leave, { once: true });
      });
    },
    connectionError: () => lastError,
    failed(error) {
      lastError = error;
      settle();
    },
    changed: settle,
  };
}
