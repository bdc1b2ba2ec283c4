// The contract of a client library: one connection to one server, opened once. Everything else about connections is ours.
import type { ResolvedNode } from "./connection.ts";
import type { ResolvedTls } from "./resolve-tls.ts";

/** Where a link leads, and how long TCP and TLS may take, in milliseconds. */
export interface LinkTarget extends ResolvedNode {
  readonly tls?: ResolvedTls | undefined;
  readonly connectTimeoutMs: number;
}

/**
 * One connection. It sends nothing by itself (no HELLO, AUTH, SELECT or CLIENT), speaks RESP2, never connects again, and
 * queues no command.
 */
export interface RedisLink {
  /** Resolves when TCP and TLS are there; rejects with the reason where they fail. */
  readonly opened: Promise<void>;
  /** Resolves with the reason when the connection is over. Never rejects. */
  readonly ended: Promise<unknown>;
  /**
   * Writes one command at once and resolves to its reply: null, a string, a number, or an array of them. Rejects with the
   * server's error, its error word first in `message`; with `NotSent` where the command was certainly not written. A
   * command that is not written when `signal` aborts is never written.
   */
  send(words: readonly string[], signal?: AbortSignal): Promise<unknown>;
  /** How many bytes this process still holds: written by the library, not taken by the system. May be an estimate. */
  unsent(): number;
  /** For sentinels, which tell of failovers so. Resolves when the server confirms. Messages come through `hear`. */
  subscribe(channel: string): Promise<void>;
  /** Ends the connection now, whatever its state, and leaves no handle or timer. Unanswered commands reject. Idempotent. */
  destroy(): void;
}

/** Starts connecting. `hear` gets the messages of subscribed channels. */
export type OpenLink = (target: LinkTarget, hear: (channel: string, message: string) => void) => RedisLink;
