// The contract of a Redis client: the whole surface between the data model and ioredis, node-redis, or your own.

/**
 * A Redis client, as the stores see it. The stores do deadlines, retries, batching and error handling. A port sends
 * what it is given, once, and answers with the reply or the server's error.
 */
export interface RedisPort {
  /** The provider's name in telemetry, e.g. "ioredis". */
  readonly name: string;
  /** True where keys live on several nodes. A call may then touch one slot only. */
  readonly cluster: boolean;
  /**
   * Resolves as soon as a command for `keys` can be written to a connection at once. Rejects where waiting will not help,
   * with a StoreError that says why; and when `signal` aborts. Without keys: a command for any server.
   */
  ready(signal: AbortSignal, keys?: readonly string[]): Promise<void>;
  /** Optional: whether `ready` would resolve at once. Then calls need not wait for its promise. */
  isReady?(keys?: readonly string[]): boolean;
  /**
   * Optional, for one server: a number that changes with each connection. The server of a new one is asked whether it is a
   * replica that takes writes, before a script with keys is sent over it. Without this, only a server that lacks a script is
   * asked, and by `check()`.
   */
  generation?(): number;
  /** Optional: why there is no connection for `keys` just now. Only its class and code are shown, never its message. */
  connectionError?(keys?: readonly string[]): unknown;
  /**
   * EVALSHA on the node that owns the keys' slot. Replies are null, strings (of UTF-8), numbers and arrays of them. A
   * server's error is thrown with its error word first in `message`. A port that knows that nothing was written throws
   * `NotSent`. `signal` aborts when the caller no longer waits: a command that is not written by then must never be
   * written.
   */
  evalSha(sha1: string, keys: readonly string[], args: readonly string[], signal: AbortSignal): Promise<unknown>;
  /** EVAL, with the same rules. Sent only after NOSCRIPT. */
  eval(source: string, keys: readonly string[], args: readonly string[], signal: AbortSignal): Promise<unknown>;
  /**
   * Keys that match a glob pattern, on every primary: each key that was there throughout, once at least. A page may be
   * given for each round trip, also an empty one, so that each has its deadline, of `stepMs` milliseconds. Throws where it
   * could not see all.
   */
  scan(pattern: string, stepMs?: number): AsyncIterable<string | readonly string[]>;
  /** Optional, for clusters: a hash tag for each primary, such that keys with it live there. */
  tags?(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Optional: every primary that the port knows, for questions that only read, such as INFO. Each answer has `stepMs`
   * milliseconds (default 500).
   */
  servers?(stepMs?: number): Promise<readonly RedisServer[]>;
  /**
   * Optional: a connection of its own to another server of the same deployment, such as a replica, with this port's login and
   * TLS, for questions that only read. Connecting has `stepMs` milliseconds, and each answer (default 500). Rejects with the
   * reason where there is no connection or no login. The caller closes it.
   */
  visit?(node: { readonly host: string; readonly port: number }, stepMs?: number): Promise<VisitedServer>;
  /** Optional: the sentinels that the connection names. Undefined where it names none. */
  sentinels?(): Sentinels | undefined;
  /**
   * Optional: settings of a caller's client that can cost calls or payments, each with the option that mends it.
   * Undefined where the client does not tell its settings.
   */
  advice?(): readonly ClientAdvice[] | undefined;
  /**
   * Optional: "host:port" of what the connection was given: the server, the sentinels, or the cluster's first nodes. Known
   * before anything is connected.
   */
  addresses?(): readonly string[];
  /** Optional: how its connections are secured. */
  security?(): ConnectionSecurity;
  /** Idempotent. Closes only the connections that the port opened. */
  close(): Promise<void>;
}

export interface ClientAdvice {
  /** The setting, in a word that stays, e.g. "queue". Default: the message tells it from others. */
  readonly topic?: string;
  readonly message: string;
  readonly mend: string;
}

/** Undefined: the client does not tell. */
export interface ConnectionSecurity {
  /** "unverified": TLS that takes any certificate. */
  readonly tls: boolean | "unverified" | undefined;
  /** Whether the client logs in with a password. */
  readonly password: boolean | undefined;
}

/** One server, as it is asked about itself. */
export interface RedisServer {
  /** "host:port", or a number where the client does not tell the address. */
  readonly name: string;
  /** What the client puts before the stores' keys. `ask` sends its words as they are. Default: nothing. */
  readonly keyPrefix?: string | undefined;
  /** The database that the connection is to. Default: 0. */
  readonly db?: number | undefined;
  /** Sends one command. Rejects with the server's error, its error word first in `message`. */
  ask(...words: string[]): Promise<unknown>;
}

/** A server over a connection of its own. */
export interface VisitedServer extends RedisServer {
  /** Idempotent. Unanswered questions reject. */
  close(): void;
}

/** Sentinels, as they are asked about themselves. */
export interface Sentinels {
  /** What they call the primary. */
  readonly name: string;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** As the port's `visit`, with the login and TLS of the sentinels. */
  visit(node: { readonly host: string; readonly port: number }, stepMs?: number): Promise<VisitedServer>;
}

/** The command was certainly not written to any connection. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}
