// Who may send now, who waits for the connection, and who need not wait: for ports of any client.
import { hopelessConnection } from "./redis-errors.ts";

export interface ConnectionGate {
  /** As `RedisPort.ready`. */
  ready(signal: AbortSignal): Promise<void>;
  /** As `RedisPort.connectionError`. */
  connectionError(): unknown;
  /** To be told of every error of the connection. */
  failed(error: unknown): void;
  /** To be told when the connection may have changed: whoever waits is let through, if it is up. */
  changed(): void;
}

/** Clients tell by events when they are ready, but not all of them in all their kinds: waiting calls look, too. */
const LOOK_EVERY_MS = 10;

/**
 * `isUp` says whether a command sent now is written at once, and throws a StoreError where that will never be. A failure
 * that waiting does not mend (a wrong password, say) is answered at once for as long as the connection is down.
 */
export function connectionGate(isUp: () => boolean): ConnectionGate {
  const waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();
  let lastError: unknown;
  let timer: NodeJS.Timeout | undefined;

  /** "up", "down", or the error that calls are to be answered with. */
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

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

/** How long to wait before the next attempt to connect, for ever: doubled up to 2 s, and spread so that not all come at once. */
export function reconnectDelayMs(attempt: number): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), LONGEST_DELAY_MS);
  return Math.round(delayMs * (0.75 + Math.random() / 2));
}
