// How many payments of a lane are in doubt, as the store itself lists them: it goes up under the faults, and must end at zero.
import { setTimeout as sleep } from "node:timers/promises";
import { type Environment, loadStores } from "@tollbooth-stores/config";
import type { VerificationStore } from "@tollbooth-stores/core";

export interface Doubts {
  /** The most that were in doubt at once, as far as it was seen. */
  most: number;
  /** How many are left. */
  atEnd: number;
}

export interface DoubtWatch {
  /** Waits until none is left, but no longer than `withinMs`. */
  settled(signal: AbortSignal, withinMs?: number): Promise<Doubts>;
  /** Idempotent. */
  stop(): Promise<void>;
}

const lookEveryMs = 400;
/** The gateways look into what is in doubt every minute; and a killed one's lease has to end first. */
const longestMs = 90_000;

/** Opens the stores that the lane's gateways share, by their own configuration. */
export async function watchDoubts(configFile: string, env: Environment): Promise<DoubtWatch> {
  const stores = await loadStores(configFile, { env, onWarning: () => undefined });
  const watching = followDoubts(stores.verifications);
  return {
    ...watching,
    async stop() {
      await watching.stop();
      await stores.close();
    },
  };
}

export function followDoubts(store: Pick<VerificationStore, "unresolved">, everyMs: number = lookEveryMs): DoubtWatch {
  const ending = new AbortController();
  const doubts: Doubts = { most: 0, atEnd: 0 };
  let looks = 0;
  const look = async () => {
    let now = 0;
    for await (const { kind } of store.unresolved()) if (kind === "in-doubt") now += 1;
    doubts.atEnd = now;
    doubts.most = Math.max(doubts.most, now);
    looks += 1;
  };
  const run = async () => {
    while (!ending.signal.aborted) {
      // While the store is away this is not known.
      await look().catch(() => undefined);
      await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    async settled(signal, withinMs = longestMs) {
      const until = performance.now() + withinMs;
      // One look from now on, and on until none is left.
      const enough = looks + 2;
      while ((looks < enough || doubts.atEnd > 0) && performance.now() < until)
        await sleep(everyMs, undefined, { signal });
      return { ...doubts };
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}
