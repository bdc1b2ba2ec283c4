// One connection through ioredis: it sends nothing by itself, queues nothing, and never connects again.
import { NotSent, type OpenLink, type RedisLink } from "@tollbooth-stores/redis-protocol";
import type { Redis } from "ioredis";

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
    client.on("message", hear);
    const opened = client.connect().catch((error: unknown) => {
      throw lastError ?? error;
    });
    opened.catch(() => undefined);
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
      async subscribe(channel) {
        if (client.status !== "ready") throw new NotSent();
        await client.subscribe(channel);
      },
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
