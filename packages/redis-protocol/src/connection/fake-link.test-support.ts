// Connections that do what a test tells them, and deadlines on the test's own clock.
import { vi } from "vitest";
import { NotSent } from "../redis-port.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import type { Established } from "./establish.ts";
import type { RedisLink } from "./redis-link.ts";

export interface FakeLink extends RedisLink {
  /** Commands without an answer yet. */
  readonly unanswered: readonly (readonly string[])[];
  /** Answers the oldest one: an Error is the server's. */
  answer(reply?: unknown): void;
  /** The connection ends by itself. */
  end(reason?: Error): void;
  isDestroyed(): boolean;
  /** What this process holds, in bytes. */
  hold(bytes: number): void;
}

export function fakeLink(): FakeLink {
  const calls: { words: readonly string[]; resolve(reply: unknown): void; reject(error: unknown): void }[] = [];
  let [held, destroyed, over] = [0, false, false];
  let tellEnd: (reason: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => {
    tellEnd = resolve;
  });
  const end = (reason?: Error) => {
    over = true;
    for (const { reject } of calls.splice(0)) reject(reason ?? new Error("Connection is closed."));
    tellEnd(reason);
  };
  return {
    opened: Promise.resolve(),
    ended,
    send: (words) =>
      over
        ? Promise.reject(new NotSent())
        : new Promise((resolve, reject) => {
            calls.push({ words, resolve, reject });
          }),
    unsent: () => held,
    subscribe: async () => {},
    destroy() {
      if (destroyed) return;
      destroyed = true;
      end();
    },
    get unanswered() {
      return calls.map(({ words }) => words);
    },
    answer(reply = "OK") {
      const call = calls.shift();
      if (reply instanceof Error) call?.reject(reply);
      else call?.resolve(reply);
    },
    end,
    isDestroyed: () => destroyed,
    hold(bytes) {
      held = bytes;
    },
  };
}

export function establishedOn(link: RedisLink): Established {
  return { link, node: { host: "redis", port: 6_379 }, identity: {}, isWritableReplica: false };
}

/** Attempts to connect, which the test settles. */
export interface FakeConnect {
  connect(signal: AbortSignal): Promise<Established>;
  /** How many attempts have begun. */
  count(): number;
  /** How many are under way: neither settled nor aborted. */
  underWay(): number;
  /** The most that ever were under way at once. */
  most(): number;
  /** Settles the oldest attempt under way. */
  succeed(): FakeLink;
  fail(error: unknown): void;
}

/** `standing`: every attempt fails with this, or succeeds. Without it the test settles each. */
export function fakeConnect(standing?: () => Error | FakeLink): FakeConnect {
  const open: { resolve(established: Established): void; reject(error: unknown): void }[] = [];
  let [count, most] = [0, 0];
  return {
    connect(signal) {
      count += 1;
      return new Promise((resolve, reject) => {
        const outcome = standing?.();
        if (outcome instanceof Error) return reject(outcome);
        if (outcome !== undefined) return resolve(establishedOn(outcome));
        const attempt = { resolve, reject };
        open.push(attempt);
        most = Math.max(most, open.length);
        signal.addEventListener("abort", () => {
          if (open.includes(attempt)) open.splice(open.indexOf(attempt), 1);
          reject(signal.reason);
        });
      });
    },
    count: () => count,
    underWay: () => open.length,
    most: () => most,
    succeed() {
      const link = fakeLink();
      open.shift()?.resolve(establishedOn(link));
      return link;
    },
    fail: (error) => open.shift()?.reject(error),
  };
}

/** What was told, as "event" or "event reason". */
export function recordedEvents(): { events: ConnectionEvents; told: string[] } {
  const told: string[] = [];
  return {
    told,
    events: {
      connecting: () => void told.push("connecting"),
      ready: () => void told.push("ready"),
      lost: (reason) => void told.push(`lost ${reason}`),
      givenUp: (reason) => void told.push(`given-up ${reason}`),
      failed: (reason) => void told.push(`failed ${reason}`),
      closed: () => void told.push("closed"),
    },
  };
}

/** Call it before each test, and `vi.useRealTimers` after it. */
export function useTestClock(): void {
  vi.useFakeTimers({
    toFake: [
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "setImmediate",
      "clearImmediate",
      "performance",
    ],
  });
}

/** Lets the time pass: timers that are due run, and then the promises that follow from them. */
export async function pass(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** AbortSignal.timeout() on the test's clock. */
export function deadline(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("The deadline passed.")), ms);
  return controller.signal;
}

/** How a promise stands now: "pending", "resolved", or the error. */
export async function standOf(work: Promise<unknown>): Promise<unknown> {
  let stand: unknown = "pending";
  work.then(
    () => (stand = "resolved"),
    (error: unknown) => (stand = error),
  );
  await pass();
  return stand;
}

/** The same promise, which may be rejected before the test looks at it. */
export function quiet<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
