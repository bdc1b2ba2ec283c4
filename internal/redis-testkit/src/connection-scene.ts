// One test's stores over connections of their own: what their failed calls say, and how soon calls work again.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ConnectionMessage, connectionChannel, isStoreError, type Stores } from "@tollbooth-stores/core";
import type { RedisConnection, RedisStoreOptions } from "@tollbooth-stores/redis-protocol";
import type { ClientProvider } from "./client-provider.ts";
import { until } from "./until.ts";

/** A test's `onTestFinished`. Tests that run at the same time each have one of their own. */
export type AtEnd = (end: () => Promise<void> | void) => void;

/** How a call failed. */
export interface Told {
  code: string;
  outcome: string;
  message: string;
  tookMs: number;
}

export interface Scene {
  /** Stores with a prefix of their own. They are closed when the test is over. */
  opened(connection: RedisConnection, options?: RedisStoreOptions): Stores;
  /** The same, once they answer: a busy machine's first connection takes longer than some deadlines. */
  connected(connection: RedisConnection, options?: RedisStoreOptions): Promise<Stores>;
  /** What was started is stopped when the test is over. */
  owned<S extends { stop(): Promise<void> } | { close(): Promise<void> }>(starting: Promise<S>): Promise<S>;
  /** Every message from now on about a connection to this server; without one, about any. */
  heard(server?: { host: string; port: number }): ConnectionMessage[];
}

/** What a busy machine may add to a deadline, in milliseconds. */
export const SLACK_MS = 500;

export const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 100_000, windowMs: 3_600_000 },
} as const;

let prefixes = 0;

export function connectionScene<Client>({ create }: ClientProvider<Client>, atEnd: AtEnd): Scene {
  const opened = (connection: RedisConnection, options: RedisStoreOptions = {}) => {
    prefixes += 1;
    const stores = create.stores({ connection, keyPrefix: `scene-${process.pid}-${prefixes}`, ...options });
    atEnd(() => stores.close());
    return stores;
  };
  return {
    opened,
    async connected(connection, options) {
      const stores = opened(connection, options);
      await until(async () => (await outcomeOf(stores.ping())) === "ok");
      return stores;
    },
    async owned(starting) {
      const started = await starting;
      atEnd(() => ("stop" in started ? started.stop() : started.close()));
      return started;
    },
    heard(server) {
      const address = server && `${server.host}:${server.port}`;
      const messages: ConnectionMessage[] = [];
      const hear = (message: unknown) => {
        if (isConnectionMessage(message) && (address ?? message.server) === message.server) messages.push(message);
      };
      subscribe(connectionChannel, hear);
      atEnd(() => void unsubscribe(connectionChannel, hear));
      return messages;
    },
  };
}

function isConnectionMessage(message: unknown): message is ConnectionMessage {
  return typeof message === "object" && message !== null && "event" in message && "purpose" in message;
}

/** Rejects where the call succeeds, or fails with anything but a StoreError. */
export async function failureOf(work: Promise<unknown>): Promise<Told> {
  const startMs = performance.now();
  const error: unknown = await work.then(
    () => new Error("The call succeeded."),
    (reason: unknown) => reason,
  );
  if (!isStoreError(error)) throw error;
  const { code, outcome, message } = error;
  return { code, outcome, message, tookMs: performance.now() - startMs };
}

/** "ok", or the outcome of the failure. */
export async function outcomeOf(work: Promise<unknown>): Promise<"ok" | "not-applied" | "unknown"> {
  try {
    await work;
    return "ok";
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return error.outcome;
  }
}

/** Waits until a call succeeds. Rejects, and says why calls fail, where none does in time. */
export async function worksAgain(stores: Pick<Stores, "rateLimits">, withinMs: number): Promise<void> {
  let why = "";
  const works = () =>
    stores.rateLimits.consume(check).then(
      () => true,
      (error: unknown) => {
        why = String(error);
        return false;
      },
    );
  await until(works, { withinMs, detail: () => why });
}
