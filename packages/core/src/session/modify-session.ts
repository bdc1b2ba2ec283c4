// The compare-and-set loop behind modify.
import { setTimeout as sleep } from "node:timers/promises";
import { invalidArgument } from "../errors.ts";

/** How often modify tries again by default. */
const defaultRetries = 100;
const longestPauseMs = 50;

/** One try. `again`: another caller was faster. */
export type Attempt<R> = { again: true } | { again: false; reply: R };

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
