// One connection through node-redis: it sends nothing by itself, queues nothing, and never connects again.
import { channel } from "node:diagnostics_channel";
import { Socket } from "node:net";
import { NotSent, type OpenLink, type RedisLink } from "@tollbooth-stores/redis-protocol";
import type { createClient } from "redis";
import { isVersion6, takesBack } from "./node-redis-client.ts";

/** With TLS the socket cannot be seen. Unanswered bytes up to this count as taken by the system. */
const TAKEN_BYTES = 262_144;

/**
 * How many bytes node-redis gets in one turn of the event loop. It writes them when the turn is over, so they cannot be seen
 * in the socket before.
 */
const MOST_A_TURN = 262_144;

const sockets = channel("net.client.socket");

export function nodeRedisLinks(library: { createClient: typeof createClient }): OpenLink {
  // No HELLO, no CLIENT SETINFO: providers forbid each of them.
  const options = { disableClientInfo: true, maintNotifications: "disabled", disableOfflineQueue: true } as const;
  // Never connected. createClient() builds a class for other options than before, which takes longer than to connect.
  // node-redis 6 says HELLO unless it is told to speak RESP 2, and node-redis 5 where it is told anything.
  const ofVersion6 = library.createClient({ ...options, RESP: 2 });
  const template = isVersion6(ofVersion6) ? ofVersion6 : library.createClient(options);
  return ({ host, port, tls, connectTimeoutMs }, hear): RedisLink => {
    const ending = new AbortController();
    const socket = { host, port, connectTimeout: connectTimeoutMs, reconnectStrategy: false as const };
    const client = template.duplicate({
      // node-redis's destroy() does nothing while TCP connects. The signal, an option of Node's sockets, ends that too.
      socket: { ...socket, ...(tls === undefined ? {} : { tls: true as const, ...tls }), ...{ signal: ending.signal } },
    });
    const mayAbort = takesBack(client);
    let lastError: unknown;
    let unanswered = 0;
    let thisTurn = 0;
    let isOver = false;
    let tcp: Socket | undefined;
    const ended = new Promise<unknown>((resolve) => {
      const over = () => {
        isOver = true;
        resolve(lastError);
      };
      client.on("error", (error: unknown) => {
        lastError ??= error;
        // What cannot be read leaves node-redis's connection open, and its commands unanswered.
        if (client.isOpen) client.destroy();
        over();
      });
      client.on("end", over);
    });
    const catching = (message: unknown) => {
      const made = typeof message === "object" && message !== null && "socket" in message ? message.socket : undefined;
      if (made instanceof Socket) tcp = made;
    };
    // Node tells of each socket as it is made, and this one is made before connect() returns.
    sockets.subscribe(catching);
    const connecting = client.connect();
    sockets.unsubscribe(catching);
    const opened = connecting.then(
      () => undefined,
      (error: unknown) => {
        throw lastError ?? error;
      },
    );
    opened.catch(() => undefined);
    const isReady = () => client.isReady && !isOver;
    return {
      opened,
      ended,
      async send(words, signal) {
        if (!isReady()) throw new NotSent();
        const size = words.reduce((sum, word) => sum + word.length, 0);
        unanswered += size;
        const isFirst = thisTurn === 0;
        thisTurn += size;
        try {
          // Without node-redis's own timeout, which costs more than the call.
          const reply = client.sendCommand([...words], {
            timeout: 0,
            ...(signal && mayAbort && { abortSignal: signal }),
          });
          // After node-redis's own, so that its bytes are written by then.
          if (isFirst) setImmediate(() => (thisTurn = 0));
          return await reply;
        } catch (error) {
          throw isUnwritten(error) ? new NotSent() : error;
        } finally {
          unanswered -= size;
        }
      },
      unsent() {
        const held = tcp === undefined ? Math.max(0, unanswered - TAKEN_BYTES) : tcp.writableLength;
        return thisTurn > MOST_A_TURN ? held + thisTurn : held;
      },
      async subscribe(name) {
        if (!isReady()) throw new NotSent();
        await client.subscribe(name, (message) => hear(name, message));
      },
      destroy() {
        try {
          client.destroy();
        } catch {
          // It had not connected, or has ended already.
        }
        ending.abort();
      },
    };
  };
}

/** node-redis's words for a command that it did not take, or gave back before it was written. */
export function isUnwritten(error: unknown): boolean {
  const words = /^The (client is closed|client is offline|queue is full|command was aborted)/;
  return error instanceof Error && words.test(error.message);
}
