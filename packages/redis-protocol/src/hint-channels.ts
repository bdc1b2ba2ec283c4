// Wake-ups for those who wait: scripts publish a record's name on one of a few channels; one subscription a process hears
// them all. A hint may be lost, late or false: polling makes up for it, and only claim is truth.
import type { AtomicPort } from "@tollbooth-stores/core";
import type { RedisPort } from "./redis-port.ts";

export interface HintChannels {
  /** What a script is told to publish for the record at `keys[0]`: channel and message. */
  announcement(keys: readonly string[]): [channel: string, message: string];
  /** The store's side: publishing is the scripts' business. */
  readonly hint: NonNullable<AtomicPort["hint"]>;
  close(): Promise<void>;
}

/** Scripts publish nothing. */
export const noHints: Pick<HintChannels, "announcement"> = { announcement: () => ["", ""] };

/** How long to leave a failed subscription alone. */
const RETRY_MS = 1_000;

/** `<keyPrefix>:hints`; subscribed while somebody waits for the first time, and from then on. */
export function hintChannels(port: RedisPort, keyPrefix: string): HintChannels {
  const channel = `${keyPrefix}:hints`;
  const listeners = new Map<string, Set<() => void>>();
  const nameOf = (key: string) => /\{([\w-]+)\}/.exec(key)?.[1] ?? key;
  let subscription: Promise<() => Promise<void>> | undefined;
  let closed = false;

  const hear = (message: string) => {
    for (const wake of [...(listeners.get(message) ?? [])]) wake();
  };
  const listen = () => {
    if (subscription !== undefined || closed) return;
    const started = port.subscribe(channel, hear);
    subscription = started;
    // Out of reach or not allowed: polling serves; another waiter may find it mended.
    started.catch(() => {
      setTimeout(() => {
        if (subscription === started) subscription = undefined;
      }, RETRY_MS).unref();
    });
  };
  return {
    announcement: ([key = ""]) => [channel, nameOf(key)],
    hint: {
      publish() {},
      subscribe(key, wake) {
        const name = nameOf(key);
        const waiting = listeners.get(name) ?? new Set();
        listeners.set(name, waiting.add(wake));
        listen();
        return () => {
          waiting.delete(wake);
          if (waiting.size === 0 && listeners.get(name) === waiting) listeners.delete(name);
        };
      },
    },
    async close() {
      closed = true;
      const unsubscribe = await subscription?.catch(() => undefined);
      await unsubscribe?.().catch(() => undefined);
    },
  };
}
