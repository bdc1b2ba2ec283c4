// A second connection of the same kind for subscriptions, opened with the first one: a subscriber runs no scripts.
import type { ChannelKind } from "@tollbooth-stores/redis-protocol";
import type { IoredisClient } from "./ioredis-client.ts";
import { channelWords } from "./ioredis-link.ts";

export interface IoredisSubscriber {
  /** As `RedisPort.subscribe`. */
  subscribe(channel: string, hear: (message: string) => void, lost?: () => void): Promise<() => Promise<void>>;
  /** Ends the connection, whatever its state. Idempotent. */
  close(): void;
}

interface Listener {
  hear(message: string): void;
  lost(): void;
}

const READY_MS = 5_000;

/** How long the answer to SUBSCRIBE is awaited, in milliseconds. A busy machine's refusal must not be taken for none. */
const ANSWER_MS = 4_000;

/** `duplicate` makes a client that the subscriber owns. */
export function ioredisSubscriber(duplicate: () => IoredisClient, kind: ChannelKind): IoredisSubscriber {
  const { subscribe, unsubscribe, message } = channelWords[kind];
  const listeners = new Map<string, Set<Listener>>();
  let connection: Promise<IoredisClient> | undefined;
  let current: IoredisClient | undefined;
  let closed = false;

  const open = async () => {
    const client = duplicate();
    current = client;
    // Polling makes up for a lost subscription, and ioredis subscribes again by itself.
    client.on("error", () => {});
    client.on(message, (channel, text) => {
      if (typeof text !== "string") return;
      for (const { hear } of [...(listeners.get(String(channel)) ?? [])]) hear(text);
    });
    if (closed) client.disconnect();
    else if (client.status === "wait") client.connect().catch(() => undefined);
    await isReady(client);
    // The client gave up for good. The next subscription opens another.
    client.on("end", () => {
      if (current !== client) return;
      connection = undefined;
      const heard = [...listeners.values()].flatMap((hearing) => [...hearing]);
      listeners.clear();
      for (const { lost } of heard) lost();
    });
    return client;
  };
  return {
    async subscribe(channel, hear, lost = () => {}) {
      connection ??= open();
      const opening = connection;
      const client = await opening.catch((error: unknown) => {
        if (connection === opening) connection = undefined;
        throw error;
      });
      const listener = { hear, lost };
      const hearing = listeners.get(channel) ?? new Set();
      listeners.set(channel, hearing.add(listener));
      const leave = async () => {
        hearing.delete(listener);
        if (hearing.size > 0 || listeners.get(channel) !== hearing) return;
        listeners.delete(channel);
        await client[unsubscribe](channel).catch(() => undefined);
      };
      const subscribing = client[subscribe](channel);
      try {
        await answered(subscribing);
        // A refusal that comes later still ends this.
        subscribing.catch(async () => {
          if (!hearing.has(listener)) return;
          await leave();
          lost();
        });
      } catch (error) {
        await leave();
        throw error;
      }
      return leave;
    },
    close() {
      closed = true;
      current?.disconnect();
    },
  };
}

async function isReady(client: IoredisClient): Promise<void> {
  if (client.status === "ready") return;
  await new Promise<void>((resolve, reject) => {
    const failed = () => {
      clearTimeout(timer);
      client.disconnect();
      reject(new Error("No connection to subscribe with."));
    };
    const timer = setTimeout(failed, READY_MS).unref();
    client.on("end", failed);
    client.on("ready", () => {
      clearTimeout(timer);
      client.off("end", failed);
      resolve();
    });
  });
}

/** ioredis 5 leaves a redirected SSUBSCRIBE unanswered, and subscribes again at the right node by itself. */
async function answered(subscribing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, ANSWER_MS);
  });
  await Promise.race([subscribing, patience]).finally(() => clearTimeout(timer));
}
