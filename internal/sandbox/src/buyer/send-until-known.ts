// Sends a paid request until its outcome is known: 503 asks for the very same payment again, which is never charged twice.
import { setTimeout as sleep } from "node:timers/promises";

export interface SendOptions {
  /** Told of every 503 that is followed by the same request, after `waitMs`. It may read the answer's body. */
  onRepeat?: ((answer: Response, waitMs: number) => void | Promise<void>) | undefined;
  /** All waits together are no longer than this, in milliseconds. Default 60,000. */
  patienceMs?: number | undefined;
  /** How to wait. Default: a timer. */
  wait?: ((ms: number) => Promise<void>) | undefined;
}

/** Without a `Retry-After`, and at the least. */
const shortestWaitMs = 1_000;

/**
 * Resolves with the first answer that is not 503; with a 503 where the next wait would be more than the patience left.
 * `init` must have no body that can be read only once.
 */
export async function sendUntilKnown(
  url: string,
  init: RequestInit,
  { onRepeat, patienceMs = 60_000, wait = (ms) => sleep(ms) }: SendOptions = {},
): Promise<Response> {
  let waitedMs = 0;
  for (;;) {
    const answer = await fetch(url, init);
    const waitMs = waitAfter(answer);
    if (answer.status !== 503 || waitedMs + waitMs > patienceMs) return answer;
    await onRepeat?.(answer, waitMs);
    if (!answer.bodyUsed) await answer.arrayBuffer();
    await wait(waitMs);
    waitedMs += waitMs;
  }
}

function waitAfter(answer: Response): number {
  const said = answer.headers.get("retry-after") ?? "";
  return /^\d{1,9}$/.test(said) ? Math.max(shortestWaitMs, Number(said) * 1_000) : shortestWaitMs;
}
