// Subscriptions: over one more connection of the same kind, opened with the first subscription.
import { channelTurns } from "./channel-turns.ts";
import { type NodeRedisClient, subscribing } from "./node-redis-client.ts";

export interface NodeRedisSubscriber {
  /** As `RedisPort.subscribe`. */
  subscribe(channel: string, hear: (message: string) => void, lost?: () => void): Promise<() => Promise<void>>;
  /** Ends what was opened, whatever its state. Idempotent. */
  close(): void;
}

export function nodeRedisSubscriber(client: NodeRedisClient): NodeRedisSubscriber {
  let connection: ReturnType<typeof open> | undefined;
  let end: (() => void) | undefined;
  let closed = false;
  const turns = channelTurns();
  const heard = new Set<() => void>();

  const open = async () => {
    const opened = subscribing(client, () => {
      if (end !== opened.end) return;
      connection = undefined;
      for (const lost of [...heard]) lost();
      heard.clear();
    });
    end = opened.end;
    if (closed) throw new Error("No subscriptions any more.");
    await opened.connect();
    return opened.client;
  };
  return {
    async subscribe(channel, hear, lost = () => {}) {
      connection ??= open();
      const opening = connection;
      const client = await opening.catch((error: unknown) => {
        if (connection === opening) connection = undefined;
        throw error;
      });
      const listener = (message: string) => hear(message);
      await turns.enter(channel, client.subscribe(channel, listener));
      const told = () => lost();
      heard.add(told);
      return async () => {
        heard.delete(told);
        await turns.free(channel);
        await client.unsubscribe(channel, listener).catch(() => undefined);
      };
    },
    close() {
      closed = true;
      end?.();
    },
  };
}
