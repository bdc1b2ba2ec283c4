// Wake-ups for those who wait. Scripts publish a record's name; who waits subscribes lazily, once a process on one channel,
// or in a cluster with sharded pub/sub once a record, on that record's own node. A hint may be lost, late or false: polling
// makes up for it, and only claim is truth.
import type { AtomicPort } from "@tollbooth-stores/core";
import type { RedisPort } from "../redis-port.ts";

export interface HintChannels {
  /** What a script is told to publish for the record at `keys[0]`: how, where and what. */
  announcement(keys: readonly string[]): [command: string, channel: string, message: string];
  /** The store's side: publishing is the scripts' business. */
  readonly hint: NonNullable<AtomicPort["hint"]>;
  /** Ends all subscriptions, but waits for none. */
  close(): void;
}

/** Scripts publish nothing. */
export const noHints: Pick<HintChannels, "announcement"> = { announcement: () => ["", "", ""] };

/** How long to leave a failed subscription alone. */
const RETRY_MS = 1_000;

type Unsubscribe = () => Promise<void>;

/** `<keyPrefix>:hints`, or `<keyPrefix>:{<record>}:hints` where a cluster shards its channels. */
export function hintChannels(port: RedisPort, keyPrefix: string): HintChannels {
  const subscribeSharded = port.cluster ? port.subscribeSharded?.bind(port) : undefined;
  const sharded = subscribeSharded !== undefined;
  const nameOf = (key: string) => /\{([\w-]+)\}/.exec(key)?.[1] ?? key;
  const channelOf = (name: string) => (sharded ? `${keyPrefix}:{${name}}:hints` : `${keyPrefix}:hints`);
  const listeners = new Map<string, Set<() => void>>();
  const subscriptions = new Map<string, Promise<Unsubscribe>>();
  let closed = false;

  const hear = (message: string) => {
    for (const wake of [...(listeners.get(message) ?? [])]) wake();
  };
  const open = async (channel: string, lost: () => void): Promise<Unsubscribe> => {
    if (subscribeSharded === undefined) return port.subscribe(channel, hear, lost);
    return subscribeSharded(channel, hear, lost).catch((error: unknown) => {
      if (isRefusal(error)) return port.subscribe(channel, hear, lost);
      throw error;
    });
  };
  const listen = (channel: string) => {
    if (closed || subscriptions.has(channel)) return;
    const forget = () => {
      if (subscriptions.get(channel) === started) subscriptions.delete(channel);
    };
    const started = open(channel, forget);
    subscriptions.set(channel, started);
    // Out of reach or not allowed: polling serves; another waiter may find it mended.
    started.catch(() => {
      setTimeout(forget, RETRY_MS).unref();
    });
  };
  // Nobody waits for this: the subscription may still be waiting for a connection.
  const end = (channel: string) => {
    const started = subscriptions.get(channel);
    subscriptions.delete(channel);
    started?.then((unsubscribe) => unsubscribe()).catch(() => undefined);
  };
  return {
    announcement([key = ""]) {
      const name = nameOf(key);
      return [sharded ? "SPUBLISH" : "PUBLISH", channelOf(name), name];
    },
    hint: {
      publish() {},
      subscribe(key, wake) {
        const name = nameOf(key);
        const channel = channelOf(name);
        const waiting = listeners.get(name) ?? new Set();
        listeners.set(name, waiting.add(wake));
        listen(channel);
        return () => {
          waiting.delete(wake);
          if (waiting.size > 0 || listeners.get(name) !== waiting) return;
          listeners.delete(name);
          // A channel a record is not worth keeping; the common one is.
          if (sharded) end(channel);
        };
      },
    },
    close() {
      closed = true;
      for (const channel of [...subscriptions.keys()]) end(channel);
    },
  };
}

/** No such command (before Redis 7), or none for this user: scripts then publish the ordinary way, too. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^(ERR unknown command|NOPERM)/.test(error.message);
}
