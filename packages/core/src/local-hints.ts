// Wake-ups between the callers of one process: who waits for a key hears at once that it may have changed.
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
      // An entry of its own: the same function may wait twice.
      const entry = () => wake();
      subscribers.set(key, ofKey.add(entry));
      return () => {
        ofKey.delete(entry);
        if (ofKey.size === 0 && subscribers.get(key) === ofKey) subscribers.delete(key);
      };
    },
  };
}
