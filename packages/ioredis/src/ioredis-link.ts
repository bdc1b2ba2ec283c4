// One connection through ioredis: it sends nothing by itself, queues nothing, and never connects again.
import { type ChannelKind, NotSent, type OpenLink, type RedisLink } from "@tollbooth-stores/redis-protocol";
import type { Redis } from "ioredis";

/** ioredis's methods and events for each kind of channel. */
export const channelWords = {
  ordinary: { subscribe: "subscribe", unsubscribe: "unsubscribe", message: "message" },
  sharded: { subscribe: "ssubscribe", unsubscribe: "sunsubscribe", message: "smessage" },
} as const;

const KEEP_ALIVE_MS = 30_000;

export function ioredisLinks(library: { Redis: typeof Redis }): OpenLink {
  return ({ host, port, tls, connectTimeoutMs }, hear): RedisLink => {
    const client = new library.Redis({
      host,
      port,
      ...(tls === undefined ? {} : { tls }),
      connectTimeout: connectTimeoutMs,
      keepAlive: KEEP_ALIVE_MS,
      lazyConnect: true,
      // No HELLO, no INFO, no CLIENT SETINFO: providers forbid each of them.
      protocol: 2,
      enableReadyCheck: false,
      disableClientInfo: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    let lastError: unknown;
    let destroyed = false;
    client.on("error", (error: unknown) => {
      lastError ??= error;
    });
    const ended = new Promise<unknown>((resolve) => client.once("end", () => resolve(lastError)));
    for (const { message } of Object.values(channelWords)) client.on(message, hear);
    const opened = client.connect().catch((error: unknown) => {
      throw lastError ?? error;
    });
    opened.catch(() => undefined);
    const onChannel = async (command: "subscribe" | "unsubscribe", kind: ChannelKind, channel: string) => {
      if (client.status !== "ready") throw new NotSent();
      await client[channelWords[kind][command]](channel);
    };
    return {
      opened,
      ended,
      send([command = "", ...args]) {
        if (client.status !== "ready") return Promise.reject(new NotSent());
        return client.call(command, args).catch((error: unknown) => {
          throw isUnwritten(error) ? new NotSent() : error;
        });
      },
      unsent: () => client.stream?.writableLength ?? 0,
      subscribe: (kind, channel) => onChannel("subscribe", kind, channel),
      unsubscribe: (kind, channel) => onChannel("unsubscribe", kind, channel),
      destroy() {
        if (destroyed) return;
        destroyed = true;
        // disconnect() would start a timer of two seconds for a socket. Without one it keeps ioredis from making any.
        if (client.stream) client.stream.destroy();
        else client.disconnect();
      },
    };
  };
}

/** ioredis's words for a command that it did not write. */
export function isUnwritten(error: unknown): boolean {
  return error instanceof Error && /enableOfflineQueue options is false$/.test(error.message);
}
