// The gateways' /metrics while the drill runs, as Prometheus would see them: each process once a second, for as long as it lives.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** What was scraped of one lane. */
export interface Scraped {
  answered: number;
  /** Each met a process that had ended, or was about to. */
  unanswered: number;
  /** Payments that processes told as sold, each in its last scrape: what a killed one sold after it is not among them. */
  paid: number;
  /** The most connections to the store that one process had down at once. */
  mostDown: number;
}

export interface Scrapes {
  /** Takes a gateway's message. Only where its metrics are counts. */
  heard(instance: string, message: unknown): void;
  state(): Scraped;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** What a gateway tells once it serves. */
export interface MetricsPlace {
  kind: "metrics";
  url: string;
}

const place: z.ZodType<MetricsPlace> = z.strictObject({ kind: z.literal("metrics"), url: z.url() });
const withinMs = 2_000;

export function watchMetrics(everyMs = 1_000): Scrapes {
  const ending = new AbortController();
  const urls = new Map<string, string>();
  const paid = new Map<string, number>();
  const seen = { answered: 0, unanswered: 0, mostDown: 0 };
  const scrape = async (instance: string, url: string): Promise<number> => {
    try {
      const response = await fetch(url, { signal: AbortSignal.any([ending.signal, AbortSignal.timeout(withinMs)]) });
      const text = await response.text();
      if (!response.ok) throw new Error("No metrics.");
      seen.answered += 1;
      paid.set(url, sumOf(text, /^tollbooth_payment_duration_count\{.*tollbooth_outcome="paid".*\} (\d+)$/gm));
      return sumOf(text, /^tollbooth_connection_count\{.*tollbooth_connection_state="down".*\} (\d+)$/gm);
    } catch {
      if (ending.signal.aborted) return 0;
      seen.unanswered += 1;
      // Another process of this name tells another address.
      if (urls.get(instance) === url) urls.delete(instance);
      return 0;
    }
  };
  const run = async () => {
    while (!ending.signal.aborted) {
      const down = await Promise.all([...urls].map(([instance, url]) => scrape(instance, url)));
      seen.mostDown = Math.max(seen.mostDown, ...down);
      await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    heard(instance, message) {
      const { data } = place.safeParse(message);
      if (data !== undefined) urls.set(instance, data.url);
    },
    state: () => ({ ...seen, paid: [...paid.values()].reduce((sum, one) => sum + one, 0) }),
    async stop() {
      ending.abort();
      await running;
    },
  };
}

function sumOf(text: string, line: RegExp): number {
  return [...text.matchAll(line)].reduce((sum, [, digits]) => sum + Number(digits), 0);
}
