// Subscriptions over one kept connection of their own, which is opened with the first of them.
import type { ConnectionEvents } from "./connection-events.ts";
import type { Established, Use } from "./establish.ts";
import { type KeptConnection, keptConnection } from "./kept-connection.ts";
import { errorWord } from "./redis-errors.ts";
import type { ChannelKind, RedisLink } from "./redis-link.ts";

/** As `RedisPort.subscribe`. */
export type Subscribe = (
  channel: string,
  hear: (message: string) => void,
  lost?: () => void,
) => Promise<() => Promise<void>>;

export interface Subscriptions {
  subscribe: Subscribe;
  /** Ends the connection; every subscription is lost. Idempotent. */
  close(): void;
}

/** One attempt to connect, as `KeptOptions.connect`. */
export type ConnectFor = (signal: AbortSignal, use: Use) => Promise<Established>;

interface Listener {
  hear(message: string): void;
  lost(): void;
}

/** How long a first connection is waited for. */
const READY_MS = 5_000;
/** How often a connection with subscriptions is asked whether it still answers, and how long that may take. */
const PING_EVERY_MS = 2_000;
const PONG_WITHIN_MS = 1_000;

export function subscriptions(kind: ChannelKind, connect: ConnectFor, events: ConnectionEvents): Subscriptions {
  const channels = new Map<string, Set<Listener>>();
  /** The last SUBSCRIBE or UNSUBSCRIBE of a channel: they must not overtake one another. */
  const turns = new Map<string, Promise<unknown>>();
  let kept: KeptConnection | undefined;
  let pinging: NodeJS.Timeout | undefined;
  let closed = false;

  const hear = (channel: string, message: string) => {
    for (const listener of [...(channels.get(channel) ?? [])]) listener.hear(message);
  };
  const lose = (channel: string) => {
    const listeners = channels.get(channel);
    channels.delete(channel);
    for (const listener of listeners ?? []) listener.lost();
  };
  /** What each connection has subscribed to. */
  const subscribed = new WeakMap<RedisLink, Set<string>>();
  const subscribeAt = async (link: RedisLink, channel: string) => {
    await link.subscribe(kind, channel);
    subscribed.set(link, (subscribed.get(link) ?? new Set()).add(channel));
  };
  /** A channel that is refused now (its slot moved, its right was taken) is lost. Polling makes up for it. */
  const subscribeAnew = async (link: RedisLink) => {
    const missing = [...channels.keys()].filter((channel) => subscribed.get(link)?.has(channel) !== true);
    const subscribing = missing.map((channel) =>
      subscribeAt(link, channel).catch((error: unknown) => {
        if (errorWord(error) === undefined) throw error;
        lose(channel);
      }),
    );
    await Promise.all(subscribing);
  };
  /** A channel may have come while its connection was being made. */
  const changed = (up: boolean) => {
    const now = link();
    if (up && now !== undefined) subscribeAnew(now).catch(() => undefined);
  };
  const link = () => kept?.established()?.link;
  const open = (): KeptConnection => {
    if (closed) throw new Error("No subscriptions any more.");
    kept ??= keptConnection({
      connect: (signal) => connect(signal, { hear, prepare: subscribeAnew }),
      events,
      changed,
    });
    pinging ??= setInterval(() => {
      if (channels.size > 0) kept?.send(AbortSignal.timeout(PONG_WITHIN_MS), ["PING"]).catch(() => undefined);
    }, PING_EVERY_MS);
    return kept;
  };
  const subscribeNow = async (channel: string) => {
    const now = link();
    if (now !== undefined) await subscribeAt(now, channel);
  };
  const inTurn = async (channel: string, work: () => Promise<void>): Promise<void> => {
    const before = turns.get(channel) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(work);
    turns.set(channel, turn);
    await turn.finally(() => {
      if (turns.get(channel) === turn) turns.delete(channel);
    });
  };
  return {
    async subscribe(channel, hearOne, lost = () => {}) {
      await open().ready(AbortSignal.timeout(READY_MS));
      const listener = { hear: hearOne, lost };
      const listeners = channels.get(channel) ?? new Set();
      channels.set(channel, listeners.add(listener));
      const leave = async () => {
        listeners.delete(listener);
        await inTurn(channel, async () => {
          if (listeners.size > 0 || channels.get(channel) !== listeners) return;
          channels.delete(channel);
          const now = link();
          if (now !== undefined) subscribed.get(now)?.delete(channel);
          await now?.unsubscribe(kind, channel).catch(() => undefined);
        });
      };
      try {
        await inTurn(channel, async () => subscribeNow(channel));
      } catch (error) {
        await leave();
        throw error;
      }
      return leave;
    },
    close() {
      closed = true;
      clearInterval(pinging);
      void kept?.close();
      for (const channel of [...channels.keys()]) lose(channel);
    },
  };
}
