// Wakes the callers of one store that wait for a record: at once where this process changes it, else by polling. All
// that wait for one record share one poll, so fifty duplicates read it no oftener than one.
import type { AtomicPort } from "../atomic-port.ts";
import type { Look } from "./verification-store.ts";

/** Polls begin after 5 ms and double to 40, whatever is waited for: so a change is heard 16 ms late on average. */
const FIRST_POLL_MS = 5;
const LONGEST_POLL_MS = 40;
/** So long after a wait the next one for the same record goes on at its pace. */
const REST_MS = 100;

export interface RecordWatch {
  /** Calls `wake` whenever the record may have changed, until the returned function is called. */
  subscribe(key: string, wake: () => void): () => void;
}

/** One poll, and the callers that share it. */
interface Poll {
  readonly waiting: Set<() => void>;
  end(): void;
}

/** `look` reads a record. Its signal aborts when no caller waits any more. */
export function recordWatch(
  hint: NonNullable<AtomicPort["hint"]>,
  look: (key: string, signal: AbortSignal) => Promise<Look>,
): RecordWatch {
  const polls = new Map<string, Poll>();
  /**
   * At which pace a record is polled that was waited for just now: a caller that waits again and again for what does
   * not change, in a loop of its own, must not begin anew each time.
   */
  const resting = new Map<string, { everyMs: number; untilMs: number }>();
  const rest = (key: string, everyMs: number) => {
    const nowMs = performance.now();
    resting.delete(key);
    resting.set(key, { everyMs, untilMs: nowMs + REST_MS });
    // The first ones are the oldest.
    for (const [other, { untilMs }] of resting) {
      if (untilMs > nowMs) break;
      resting.delete(other);
    }
  };
  const paceOf = (key: string): number => {
    const found = resting.get(key);
    return found !== undefined && found.untilMs > performance.now() ? found.everyMs : FIRST_POLL_MS;
  };

  const begin = (key: string): Poll => {
    const waiting = new Set<() => void>();
    const ended = new AbortController();
    let everyMs = paceOf(key);
    let wasInProgress = false;
    let timer: NodeJS.Timeout | undefined;

    const wakeAll = () => {
      for (const wake of [...waiting]) wake();
    };
    const hasChanged = (seen: Look): boolean => {
      if (seen.status === "in-progress") {
        wasInProgress = true;
        return seen.retryAfterMs === 0;
      }
      // It was released, or there never was one: waiting for such a record must be no busy loop.
      return seen.status !== "absent" || wasInProgress || everyMs === LONGEST_POLL_MS;
    };
    const poll = async () => {
      // A failed look tells nothing of the record. The callers' next calls tell the reason.
      const changed = await look(key, ended.signal).then(hasChanged, () => true);
      if (ended.signal.aborted) return;
      everyMs = Math.min(2 * everyMs, LONGEST_POLL_MS);
      if (changed) wakeAll();
      if (!ended.signal.aborted) schedule();
    };
    const schedule = () => {
      // Up to half is left out at random, so that processes that began together do not go on together.
      timer = setTimeout(poll, everyMs * (0.5 + Math.random() / 2));
    };
    const leave = hint.subscribe(key, () => {
      // This process changed it: what comes next may come soon.
      everyMs = FIRST_POLL_MS;
      wakeAll();
    });
    schedule();
    return {
      waiting,
      end() {
        clearTimeout(timer);
        rest(key, everyMs);
        leave();
        ended.abort();
      },
    };
  };

  return {
    subscribe(key, wake) {
      const poll = polls.get(key) ?? begin(key);
      polls.set(key, poll);
      // A new function for each caller: the same `wake` may be subscribed twice.
      const entry = () => wake();
      poll.waiting.add(entry);
      return () => {
        if (!poll.waiting.delete(entry) || poll.waiting.size > 0) return;
        polls.delete(key);
        poll.end();
      };
    },
  };
}
