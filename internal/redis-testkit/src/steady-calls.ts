// Calls at a steady rate while something else happens: each sets a marker of its own, so that none can vanish unseen.
import { isStoreError, type VerificationStore } from "@tollbooth-stores/core";

export interface SteadyCall {
  key: string;
  startMs: number;
  endMs: number;
  outcome: "ok" | "not-applied" | "unknown";
  /** Of the failure, or "". */
  message: string;
}

export interface SteadyCalls {
  /** Those that have settled so far. */
  settled(): readonly SteadyCall[];
  /** Waits for those on their way, and answers them all. */
  stop(): Promise<readonly SteadyCall[]>;
}

/** Starts at once. A call does not wait for earlier ones. */
export function steadyMarkers(store: Pick<VerificationStore, "markOnce">, everyMs = 5): SteadyCalls {
  const settled: SteadyCall[] = [];
  const underWay = new Set<Promise<void>>();
  let [count, wrong]: [number, unknown] = [0, undefined];
  const call = async () => {
    count += 1;
    const key = `marker ${count}`;
    const startMs = performance.now();
    const tell = (outcome: SteadyCall["outcome"], message: string) =>
      settled.push({ key, startMs, endMs: performance.now(), outcome, message });
    try {
      await store.markOnce(key, { token: "t", fingerprint: "f", retainUntilMs: 0 });
      tell("ok", "");
    } catch (error) {
      if (isStoreError(error)) tell(error.outcome, error.message);
      else wrong ??= error;
    }
  };
  const timer = setInterval(() => {
    const one = call().finally(() => underWay.delete(one));
    underWay.add(one);
  }, everyMs);
  return {
    settled: () => settled,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      if (wrong !== undefined) throw wrong;
      return settled;
    },
  };
}

export function failed(calls: readonly SteadyCall[]): SteadyCall[] {
  return calls.filter(({ outcome }) => outcome !== "ok");
}

/** The markers that were acknowledged and are not there. It sets them again, since only that tells. */
export async function lostMarkers(
  store: Pick<VerificationStore, "markOnce">,
  calls: readonly SteadyCall[],
): Promise<string[]> {
  const acknowledged = calls.filter(({ outcome }) => outcome === "ok").map(({ key }) => key);
  const request = { token: "looking", fingerprint: "f", retainUntilMs: 0 };
  const found = await Promise.all(acknowledged.map((key) => store.markOnce(key, request)));
  return acknowledged.filter((_, index) => found[index]?.status !== "already-marked");
}

/** The longest time in which no call succeeded, in milliseconds. */
export function longestOutageMs(calls: readonly SteadyCall[]): number {
  const ends = calls.filter(({ outcome }) => outcome === "ok").map(({ endMs }) => endMs);
  const starts = calls.map(({ startMs }) => startMs);
  const moments = [Math.min(...starts), ...ends.sort((a, b) => a - b), Math.max(...starts)];
  return Math.max(...moments.map((ms, index) => ms - (moments[index - 1] ?? ms)));
}
