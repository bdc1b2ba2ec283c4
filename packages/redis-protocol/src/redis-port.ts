// What a Redis client must give: the whole surface between the data model and ioredis, node-redis, or your own.

/**
 * A Redis client, as the stores see it. Deadlines, retries, batching and error handling are theirs: a port sends what it
 * is given, once, and answers with the reply or the server's error.
 */
export interface RedisPort {
  /** The provider's name in telemetry, e.g. "ioredis". */
  readonly name: string;
  /** True where keys live on several nodes: a call may then touch one slot only. */
  readonly cluster: boolean;
  /**
   * Resolves as soon as a command can be written to a connection at once; rejects where waiting will not help (a
   * StoreError that says why), and when `signal` aborts.
   */
  ready(signal: AbortSignal): Promise<void>;
  /** Optional: why there is no connection just now. Its class and code are told, never its message. */
  connectionError?(): unknown;
  /**
   * EVALSHA on the node that owns the keys' slot. Replies are null, strings (of UTF-8), numbers and arrays of them. A
   * server's error is thrown with its error word first in `message`. A port that knows that nothing was written throws
   * `NotSent`. `signal` aborts when nobody waits any more: what is not written by then must never be.
   */
  evalSha(sha1: string, keys: readonly string[], args: readonly string[], signal: AbortSignal): Promise<unknown>;
  /** EVAL, likewise: asked for after NOSCRIPT only. */
  eval(source: string, keys: readonly string[], args: readonly string[], signal: AbortSignal): Promise<unknown>;
  /** Keys that match a glob pattern, on every primary, best effort. */
  scan(pattern: string): AsyncIterable<string>;
  /**
   * Hears messages published on a channel from now on, on a connection of its own. Resolves to what ends it. `lost` may be
   * called when it has ended by itself for good: whoever waits next subscribes anew.
   */
  subscribe(channel: string, hear: (message: string) => void, lost?: () => void): Promise<() => Promise<void>>;
  /**
   * Optional, for clusters: the same for a sharded channel (SSUBSCRIBE, Redis 7), on the node that owns its slot. Rejects
   * with the server's error. Ports that share a cluster should all have it or none, as they do not hear each other else.
   */
  subscribeSharded?(channel: string, hear: (message: string) => void, lost?: () => void): Promise<() => Promise<void>>;
  /** Idempotent; closes only the connections that the port opened. */
  close(): Promise<void>;
}

/** The command was certainly not written to any connection. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}
