// Signals that many calls share: each call listens for as long as it lasts.
import { defaultMaxListeners, getMaxListeners, setMaxListeners } from "node:events";

const allowed = new WeakSet<AbortSignal>();

/**
 * Lets any number of calls share a signal, one that ends a whole process, say. Node takes more than ten listeners for a
 * leak and warns. A limit that the signal's owner has set stays.
 */
export function allowListeners(signal: AbortSignal | undefined): void {
  if (signal === undefined || allowed.has(signal)) return;
  allowed.add(signal);
  if (limitOf(signal) === defaultMaxListeners) setMaxListeners(0, signal);
}

/** Node 20 throws for a signal that has no limit. */
function limitOf(signal: AbortSignal): number {
  try {
    return getMaxListeners(signal);
  } catch {
    return 0;
  }
}
