// Subscriptions: over one more connection of the same kind, opened when the first is made.
import { type NodeRedisClient, type Subscribing, subscribing } from "./node-redis-client.ts";

export interface NodeRedisSubscriber {
  /** As `RedisPort.subscribe`. */
  subscribe(channel: string, hear: (message: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export function nodeRedisSubscriber(clientOf: () => Promise<NodeRedisClient | undefined>): NodeRedisSubscriber {
  let connection: Promise<{ client: Subscribing; end(): void }> | undefined;
  let subscriptions = 0;

  const open = async () => {
    const client = await clientOf();
    if (client === undefined) throw new Error("No client to subscribe with.");
    return subscribing(client);
  };
  return {
    async subscribe(channel, hear) {
      connection ??= open();
      const { client, end } = await connection.catch((error: unknown) => {
        connection = undefined;
        throw error;
      });
      const listener = (message: string) => hear(message);
      await client.subscribe(channel, listener);
      subscriptions += 1;
      return async () => {
        subscriptions -= 1;
        await client.unsubscribe(channel, listener).catch(() => undefined);
        if (subscriptions > 0) return;
        connection = undefined;
        end();
      };
    },
    async close() {
      const closing = connection;
      connection = undefined;
      (await closing?.catch(() => undefined))?.end();
    },
  };
}
