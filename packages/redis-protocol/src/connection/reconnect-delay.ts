// How long to wait before the next attempt to connect.

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;

/**
 * Milliseconds before the next attempt; attempts never end. The delay doubles from 50 ms up to 1 s, and is spread by a
 * quarter either way so that not all instances come at once.
 */
export function reconnectDelayMs(failures: number): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures, 10), LONGEST_DELAY_MS);
  return Math.round(delayMs * (0.75 + Math.random() / 2));
}
