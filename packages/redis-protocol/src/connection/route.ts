// Where commands go: to the one server, to the primary that the sentinels name, or to the node that owns a slot.
import type { RedisPort } from "../redis-port.ts";
import type { OpenLink } from "./redis-link.ts";

export interface Route extends Pick<RedisPort, "scan">, Required<Pick<RedisPort, "servers">> {
  /** Resolves when a command for `keys` would be written at once; without keys, a command for any server. */
  ready(signal: AbortSignal, keys: readonly string[]): Promise<void>;
  /** Whether a command for `keys` would be written at once. */
  isReady(keys: readonly string[]): boolean;
  /** Sends one command, following what the servers answer. `signal` is its deadline. */
  send(keys: readonly string[], words: readonly string[], signal: AbortSignal): Promise<unknown>;
  /** Why there is no connection for `keys` just now. */
  error(keys: readonly string[]): unknown;
  /** A key's hash tag for each primary: a key with it lives there. */
  tags(signal: AbortSignal): Promise<readonly string[]>;
  /** Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** What a route needs of the world. */
export interface RouteOptions {
  /** The provider's name in telemetry. */
  provider: string;
  /** Loads the client library. Rejects with STORE_CONFIG where it is not installed. */
  library: Promise<OpenLink>;
  /** How long one attempt to connect may take, in milliseconds. */
  connectTimeoutMs: number;
}
