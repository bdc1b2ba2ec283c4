// One more connection of the same kind for subscriptions, opened when the first is made: a subscribing one runs no scripts.
import type { IoredisClient } from "./ioredis-client.ts";

export interface IoredisSubscriber {
  /** As `RedisPort.subscribe`. */
  subscribe(channel: string, hear: (message: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const READY_MS = 5_000;

/** `duplicate` makes a client that the subscriber owns. */
export function ioredisSubscriber(duplicate: () => Promise<IoredisClient | undefined>): IoredisSubscriber {
  let connection: Promise<IoredisClient> | undefined;
  let subscriptions = 0;

  const open = async () => {
    const client = await duplicate();
    if (client === undefined) throw new Error("No client to subscribe with.");
    // A lost subscription is made up for by polling, and ioredis subscribes again by itself.
    client.on("error", () => {});
    if (client.status === "wait") client.connect().catch(() => undefined);
    await isReady(client);
    return client;
  };
  const close = async () => {
    const closing = connection;
    connection = undefined;
    const client = await closing?.catch(() => undefined);
    client?.disconnect();
  };
  return {
    async subscribe(channel, hear) {
      connection ??= open();
      const client = await connection.catch((error: unknown) => {
        connection = undefined;
        throw error;
      });
      const listener = (to: unknown, message: unknown) => {
        if (to === channel && typeof message === "string") hear(message);
      };
      client.on("message", listener);
      await client.subscribe(channel);
      subscriptions += 1;
      return async () => {
        client.off("message", listener);
        subscriptions -= 1;
        if (subscriptions === 0) await close();
      };
    },
    close,
  };
}

async function isReady(client: IoredisClient): Promise<void> {
  if (client.status === "ready") return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      client.disconnect();
      reject(new Error("No connection to subscribe with."));
    }, READY_MS);
    const ready = () => {
      clearTimeout(timer);
      resolve();
    };
    client.on("ready", ready);
  });
}
