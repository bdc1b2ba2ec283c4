// Makes the dashboard show what it has: every button that buys something, and other requests in between.
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { button, entryAfter } from "./browser.ts";

const presses = ["Pay once", "Replay last payment", "Burst until 429", "Hop across instances", "Pay once"];
/** Between two waves of requests, in milliseconds. */
const waveMs = 120;

/** Takes about `forMs`; the same requests in the same order each time. */
export async function keepBusy(page: Page, gateway: string, forMs: number): Promise<void> {
  const waves = Math.ceil(forMs / presses.length / waveMs);
  for (const [turn, name] of presses.entries()) {
    await entryAfter(page, name, () => button(page, name).click());
    for (let wave = 0; wave < waves; wave += 1) {
      const count = 1 + ((wave * 7 + turn * 3) % 5);
      // One in ten is for what is sold, and is told the price.
      const paths = Array.from({ length: count }, (_, index) => ((wave + index) % 10 === 0 ? "/quote" : "/healthz"));
      await Promise.all([sleep(waveMs), ...paths.map((path) => fetch(`${gateway}${path}`))]);
    }
  }
}
