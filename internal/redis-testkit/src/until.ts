// Waits for what comes about by itself, somewhere else.
import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is yes; a test that waits in vain is told so before its own time is over. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await ask()) return;
    await delay(20);
  }
  throw new Error("It did not come about.");
}
