// Signals that many calls share: each call listens for as long as it lasts.
import { defaultMaxListeners, getMaxListeners, setMaxListeners } from "node:events";

/**
 * Lets any number of calls share a signal, one that ends a whole process, say. Node takes more than ten listeners for a
 * leak and warns. A limit that the signal's owner has set stays.
 */
export function allowListeners(signal: AbortSignal | undefined): void {
  if (signal !== undefined && getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(0, signal);
}
