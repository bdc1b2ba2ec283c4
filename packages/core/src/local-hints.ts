// Wake-ups between callers of one process: a caller that waits for a key hears at once that the key may have changed.
import type { AtomicPort } from "./atomic-port.ts";

/** Calls every subscriber of exactly that key, synchronously. A subscriber may unsubscribe while it is called. */
export function localHints(): NonNullable<AtomicPort["hint"]> {
  const subscribers = new Map<string, Set<() => void>>();
  return {
    publish(key) {
      for (const wake of [...(subscribers.get(key) ?? [])]) wake();
    },
    subscribe(key, wake) {
      const ofKey = subscribers.get(key) ?? new Set();
      // A new function for each subscription: the same `wake` may be subscribed twice.
      const entry = () => wake();
      subscribers.set(key, ofKey.add(entry));
      return () => {
        ofKey.delete(entry);
        if (ofKey.size === 0 && subscribers.get(key) === ofKey) subscribers.delete(key);
      };
    },
  };
}
