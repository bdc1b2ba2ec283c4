// The deadline of a call: waiting for the connection, the answer, and whatever is sent again because nothing ran.
import { isStoreError, type PortCallOptions } from "@tollbooth-stores/core";
import {
  errorWord,
  isPassing,
  isRefusal,
  isRightMissing,
  noTimeLeft,
  notTaken,
  refused,
  rightMissing,
  scriptsUnknown,
  type TimeoutOption,
  timedOut,
} from "../connection/redis-errors.ts";
import { NotSent, type RedisPort } from "../redis-port.ts";

/** How far a call has come. */
export interface Progress {
  /** Its deadline. */
  readonly signal: AbortSignal;
  /** From here on nothing of it has run. */
  unsent(): void;
  /** From here on it may have run. */
  sent(): void;
}

/**
 * Runs `work` over a connection for `keys` that is up, all within the deadline. A failure becomes STORE_UNAVAILABLE.
 * `connectTimeoutMs`: how long to wait for the port's first connection. A step of an operation that began before has what
 * is left of its time.
 */
export type WithinDeadline = <T>(
  connectTimeoutMs: number | undefined,
  keys: readonly string[],
  options: PortCallOptions | undefined,
  work: (progress: Progress) => Promise<T>,
) => Promise<T>;

/** A client may report a lost connection a moment late. */
const UNNOTICED_MS = 10;

/** How long a state that passes is waited for before the call is sent again. It doubles up to the longest. */
const FIRST_PASSING_MS = 20;
const LONGEST_PASSING_MS = 200;

/** Ports that have answered once: a reconnect gets only `commandTimeoutMs`. */
const connected = new WeakSet<RedisPort>();

export function deadlineRunner(port: RedisPort, commandTimeoutMs: number): WithinDeadline {
  return async (connectTimeoutMs, keys, options, work) => {
    const limits = { commandTimeoutMs, connectTimeoutMs: connectTimeoutMs ?? commandTimeoutMs };
    let option: TimeoutOption =
      connectTimeoutMs === undefined || connected.has(port) ? "commandTimeoutMs" : "connectTimeoutMs";
    const startedAtMs = options?.startedAtMs;
    const pastMs = startedAtMs === undefined ? 0 : performance.now() - startedAtMs;
    if (pastMs >= limits[option]) throw noTimeLeft(limits[option]);
    const deadline = openDeadline(limits[option] - pastMs);
    const { signal } = deadline;
    let sent = false;
    const progress: Progress = {
      signal,
      unsent() {
        sent = false;
      },
      sent() {
        sent = true;
      },
    };
    let passing: Passing | undefined;
    try {
      for (;;) {
        if (port.isReady?.(keys) !== true) await deadline.before(port.ready(signal, keys));
        // The caller gave up while there was no connection, so nothing may be sent any more.
        options?.signal?.throwIfAborted();
        signal.throwIfAborted();
        if (limits[option] > commandTimeoutMs) {
          option = "commandTimeoutMs";
          deadline.restart(commandTimeoutMs);
        }
        // Another refusal would be heard too late, and a call without an answer may have been applied.
        if (passing !== undefined && deadline.leftMs() < passing.answerMs) throw passing.error;
        sent = true;
        const sentAtMs = performance.now();
        try {
          const answer = await deadline.before(work(progress));
          connected.add(port);
          return answer;
        } catch (error) {
          const isUnsent = error instanceof NotSent || (!sent && isConnectionLoss(error));
          if (!isUnsent && !isPassing(error)) throw error;
          // Nothing ran, so sending it again is no second time.
          sent = false;
          passing = isUnsent ? undefined : nextPassing(passing, error, performance.now() - sentAtMs);
        }
        signal.throwIfAborted();
        await deadline.before(pause(passing?.waitMs ?? UNNOTICED_MS));
      }
    } catch (error) {
      if (options?.signal?.aborted === true && !sent) throw options.signal.reason;
      // What a server refused for certain was not applied, however late that is told.
      const refusal = signal.aborted && !sent ? passing?.error : error;
      if (isRefusal(refusal)) throw refused(errorWord(refusal), "not-applied", refusal);
      if (signal.aborted) {
        const cause = sent ? undefined : port.connectionError?.(keys);
        if (!sent && cause === undefined && connected.has(port)) throw notTaken(limits[option]);
        throw timedOut(sent, option, limits[option], cause);
      }
      if (isStoreError(error)) throw error;
      const unknown = scriptsUnknown(error);
      if (unknown !== undefined) throw unknown;
      if (isRightMissing(error)) throw rightMissing();
      throw refused(errorWord(error), sent ? "unknown" : "not-applied", error);
    } finally {
      deadline.end();
    }
  };
}

/** A state of a server that passes: its error, how long to wait now, and how long the server's answers took at most. */
interface Passing {
  readonly error: unknown;
  readonly waitMs: number;
  readonly answerMs: number;
}

function nextPassing(last: Passing | undefined, error: unknown, answerMs: number): Passing {
  return {
    error,
    waitMs: Math.min((last?.waitMs ?? FIRST_PASSING_MS / 2) * 2, LONGEST_PASSING_MS),
    answerMs: Math.max(last?.answerMs ?? 0, answerMs),
  };
}

/** Neither a server's answer nor an error of ours. */
function isConnectionLoss(error: unknown): boolean {
  return errorWord(error) === undefined && !isStoreError(error);
}

interface Deadline {
  readonly signal: AbortSignal;
  /**
   * Settles as `work` does, unless the deadline passes first. If `work` answers immediately after that (with NotSent, say),
   * that answer counts. One at a time.
   */
  before<T>(work: Promise<T>): Promise<T>;
  /** Counts `ms` from now. */
  restart(ms: number): void;
  leftMs(): number;
  end(): void;
}

/** Without listeners of its own on the signal: they take longer than all else here. */
function openDeadline(ms: number): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  let giveUp = () => {};
  const expire = () => {
    controller.abort();
    setImmediate(() => giveUp());
  };
  let timer = setTimeout(expire, ms);
  let endsAtMs = performance.now() + ms;
  return {
    signal,
    before: (work) =>
      new Promise((resolve, reject) => {
        giveUp = () => reject(signal.reason);
        if (signal.aborted) setImmediate(giveUp);
        work.then(resolve, reject);
      }),
    restart(anew) {
      clearTimeout(timer);
      timer = setTimeout(expire, anew);
      endsAtMs = performance.now() + anew;
    },
    leftMs: () => endsAtMs - performance.now(),
    end: () => clearTimeout(timer),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
