// Waits for a state that another process reaches by itself, and asks a process that may be dead or frozen.
import { setTimeout as delay } from "node:timers/promises";
import type { Reply, Word } from "./resp-command.ts";

export interface Patience {
  /** Default 15,000: a test that waits in vain fails with this error, before its own time is over. */
  withinMs?: number | undefined;
  /** Added to the error, e.g. the last state seen. */
  detail?: (() => string) | undefined;
}

/** Asks until the answer is yes. */
export async function until(ask: () => Promise<boolean>, { withinMs = 15_000, detail }: Patience = {}): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (await ask()) return;
    await delay(20);
  }
  throw new Error(`It did not come about.${detail === undefined ? "" : ` ${detail()}`}`);
}

const ANSWER_MS = 1_000;

/** The reply of a server that may be dead, frozen or loading: undefined where there is none within a second. */
export async function answerOf(
  server: { command(...words: readonly Word[]): Promise<Reply> },
  ...words: readonly Word[]
): Promise<Reply | undefined> {
  const stopWaiting = new AbortController();
  const answer = server.command(...words).catch(() => undefined);
  const noAnswer = delay(ANSWER_MS, undefined, stopWaiting).catch(() => undefined);
  try {
    return await Promise.race([answer, noAnswer]);
  } finally {
    stopWaiting.abort();
  }
}
