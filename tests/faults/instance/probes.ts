// In an instance's process: asks for many keys all the time, to see when the last of them answers again.
import { setTimeout as sleep } from "node:timers/promises";
import type { Stores } from "@tollbooth-stores/core";
import type { Tally } from "./tally.ts";

export interface Probes {
  /** When the last key came to answer for good after `sinceMs`; undefined while one does not. */
  recoveredAt(sinceMs: number): number | undefined;
  stop(): Promise<void>;
}

/** Spread over the slots of a cluster: each of three primaries owns some, and so does a node that gets 2,000 slots. */
const KEYS = 40;
const EVERY_MS = 100;
/** Of each key. */
const KEPT = 400;

interface Probed {
  endMs: number;
  startMs: number;
  ok: boolean;
}

export function startProbes(stores: Stores, tally: Tally, name: string): Probes {
  let stopped = false;
  const policy = { algorithm: "fixed-window", limit: 1_000_000_000, windowMs: 3_600_000 } as const;
  const keys = Array.from({ length: KEYS }, (_, index) => ({ client: `probe ${index}`, probed: [] as Probed[] }));
  const probe = async ({ client, probed }: (typeof keys)[number], index: number) => {
    await sleep((EVERY_MS * index) / KEYS);
    while (!stopped) {
      const startMs = Date.now();
      const tried = await tally.run("probe", () => stores.rateLimits.consume({ route: name, client, policy }));
      if ("value" in tried && !tried.value.allowed) tally.wrong("consume: a probe was denied");
      probed.push({ startMs, endMs: Date.now(), ok: "value" in tried });
      if (probed.length > KEPT) probed.shift();
      await sleep(EVERY_MS);
    }
  };
  const running = Promise.all(keys.map(probe));
  return {
    recoveredAt(sinceMs) {
      const times = keys.map(({ probed }) => recoveryOf(probed, sinceMs));
      return times.includes(undefined) ? undefined : Math.max(...times.map(Number));
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** When the first success ended after which nothing failed any more. */
export function recoveryOf(probed: readonly Probed[], sinceMs: number): number | undefined {
  const after = probed.filter(({ endMs }) => endMs >= sinceMs);
  return after[after.findLastIndex(({ ok }) => !ok) + 1]?.endMs;
}
