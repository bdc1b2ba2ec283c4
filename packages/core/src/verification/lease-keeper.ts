// Renews a lease while its holder works, and says when it is lost. Time is monotonic and local, counted from before
// each call was sent. So the holder never believes its lease to end later than the store does.
import { joinSignals } from "../joined-signal.ts";
import type { Lease, RecordName, VerificationStore } from "./verification-store.ts";

/** Beyond this setTimeout fires at once. A lease of more than 24 days simply ends early here. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface LeaseKeeper {
  /** Aborts when the lease is lost: taken over, ended, or not renewed in time. */
  readonly signal: AbortSignal;
  /** Until then, on `performance.now()`, the lease is certainly this holder's. */
  deadline(): number;
  /** Ends the renewals. The lease itself stays as it is. */
  stop(): void;
}

/** Renews at a third of `leaseMs`. `sentAt`: `performance.now()` from before the claim was sent. */
export function keepLease(
  store: VerificationStore,
  key: RecordName,
  lease: Lease,
  leaseMs: number,
  sentAt: number,
): LeaseKeeper {
  const lostLease = new AbortController();
  let deadline = sentAt + lease.ttlMs;
  let expiry: NodeJS.Timeout | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let stopped = false;

  const stop = () => {
    stopped = true;
    clearTimeout(expiry);
    clearTimeout(renewal);
  };
  const lose = () => {
    if (stopped) return;
    stop();
    lostLease.abort(new DOMException("The lease was lost; another instance may be doing this work.", "AbortError"));
  };
  const extendTo = (until: number) => {
    deadline = Math.max(deadline, until);
    clearTimeout(expiry);
    const leftMs = deadline - performance.now();
    // A suspended process may read an old answer before any timer fires.
    if (leftMs <= 0) lose();
    else if (!stopped) expiry = setTimeout(lose, Math.min(leftMs, LONGEST_TIMER_MS));
  };
  const renewOnce = async () => {
    const renewSentAt = performance.now();
    const { status } = await store.renew(key, lease, leaseMs);
    if (status === "lost") lose();
    else extendTo(renewSentAt + leaseMs);
  };
  const scheduleRenewal = () => {
    renewal = setTimeout(
      async () => {
        // A renewal that fails proves nothing; the deadline decides.
        await renewOnce().catch(() => undefined);
        if (!stopped) scheduleRenewal();
      },
      Math.min(leaseMs / 3, LONGEST_TIMER_MS),
    );
  };

  extendTo(deadline);
  if (!stopped) scheduleRenewal();
  return {
    signal: lostLease.signal,
    deadline: () => deadline,
    stop,
  };
}

/**
 * Rejects as soon as a signal aborts or `limitMs` is over, whatever `step` does. The step's own signal aborts with it.
 */
export async function withinLease<S>(
  signals: readonly AbortSignal[],
  limitMs: number | undefined,
  step: (signal: AbortSignal) => Promise<S>,
): Promise<S> {
  const joined = joinSignals(signals);
  const { signal } = joined;
  const timer =
    limitMs === undefined
      ? undefined
      : setTimeout(() => joined.abort(new DOMException("The step did not answer in time.", "TimeoutError")), limitMs);
  let leave: (() => void) | undefined;
  try {
    signal.throwIfAborted();
    return await new Promise<S>((resolve, reject) => {
      leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      Promise.resolve(step(signal)).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    joined.letGo();
    if (leave !== undefined) signal.removeEventListener("abort", leave);
  }
}
