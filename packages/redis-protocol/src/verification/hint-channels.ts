// Wake-ups for waiting callers. Scripts publish a record's name. A waiting process subscribes lazily: once, on one
// channel. In a cluster with sharded pub/sub it subscribes once a record, on that record's own node. A hint may be
// lost, late or false: polling makes up for it, and only claim is truth.
import type { AtomicPort } from "@tollbooth-stores/core";
import type { RedisPort } from "../redis-port.ts";

export interface HintChannels {
  /** The hint that a script publishes for the record at `keys[0]`: command, channel and message. */
  announcement(keys: readonly string[]): [command: string, channel: string, message: string];
  /** The store's side. `publish` does nothing, because the scripts publish. */
  readonly hint: NonNullable<AtomicPort["hint"]>;
  /** Ends all subscriptions, but waits for none. */
  close(): void;
}

/** For scripts that publish nothing. */
export const noHints: Pick<HintChannels, "announcement"> = { announcement: () => ["", "", ""] };

/** How long a failed subscription is left alone. */
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
    // Out of reach or not allowed: polling serves meanwhile, and a later waiting caller tries again.
    started.catch(() => {
      setTimeout(forget, RETRY_MS).unref();
    });
  };
  // Not awaited: the subscription may still be waiting for a connection.
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
          // One channel for each record is not worth keeping. The common channel is.
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

/**
 * The server has no such command (before Redis 7), or this user lacks it. Scripts then publish on the ordinary channel
 * too.
 */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^(ERR unknown command|NOPERM)/.test(error.message);
}
