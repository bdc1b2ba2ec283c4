// The compare-and-set loop behind modify.
import { setTimeout as sleep } from "node:timers/promises";
import { invalidArgument } from "../errors.ts";
import type { SessionRecord, SessionStore } from "./session-store.ts";

/** How often modify tries again by default. */
const defaultRetries = 100;
const longestPauseMs = 50;

/** One try. `again`: another caller was faster. */
export type Attempt<R> = { again: true } | { again: false; reply: R };

type Written<T> = Awaited<ReturnType<SessionStore<T>["update"]>>;

/** `startedAtMs`: from when the call's deadline counts. */
export interface ReadAndWrite<T> {
  read(startedAtMs: number): Promise<SessionRecord<T> | null>;
  write(data: T, ifVersion: number, startedAtMs: number): Promise<Written<T>>;
}

/** The tries of one call of modify. The time that `change` takes does not count against the call's deadline. */
export function changing<T>(
  change: (data: T) => T | Promise<T>,
  { read, write }: ReadAndWrite<T>,
): () => Promise<Attempt<Exclude<Written<T>, { status: "conflict" }>>> {
  let startedAtMs = performance.now();
  return async () => {
    const before = await read(startedAtMs);
    if (before === null) return { again: false, reply: { status: "missing" } };
    const changingSinceMs = performance.now();
    const data = await change(before.data);
    startedAtMs += performance.now() - changingSinceMs;
    const reply = await write(data, before.version, startedAtMs);
    return reply.status === "conflict" ? { again: true } : { again: false, reply };
  };
}

/** Waits before repetition 1, 2, 3... */
export type Pause = (repetition: number) => Promise<void>;

/** Full jitter: anything from 0 to a bound that doubles from 2 ms up to 50 ms. */
export function pauseMs(repetition: number, random: () => number = Math.random): number {
  return random() * Math.min(longestPauseMs, 2 ** Math.min(repetition, 6));
}

/** Too short to need an abort. */
const jitteredPause: Pause = (repetition) => sleep(pauseMs(repetition));

/**
 * Runs `attempt` until it need not be repeated; null after 1 + `retries` tries. `proceed` runs before each one, and
 * ends the loop by throwing.
 */
export async function attempts<R>(
  attempt: () => Promise<Attempt<R>>,
  proceed: () => void,
  retries: number = defaultRetries,
  pause: Pause = jitteredPause,
): Promise<R | null> {
  if (!Number.isSafeInteger(retries) || retries < 0)
    throw invalidArgument("retries must be a whole number, 0 or more.");
  for (let repetition = 0; repetition <= retries; repetition += 1) {
    if (repetition > 0) await pause(repetition);
    proceed();
    const result = await attempt();
    if (!result.again) return result.reply;
  }
  return null;
}
