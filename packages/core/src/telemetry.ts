// Messages on `node:diagnostics_channel`, for metrics, traces and alarms: one for each store operation, one for each turn
// of a connection, and one for each batch. Almost free without a subscriber. Those of payments: payment-telemetry.ts.
// A subscriber must not throw: Node makes an uncaughtException of it, which ends the process in the midst of a payment.
import { channel } from "node:diagnostics_channel";
import { isStoreError, type StoreErrorCode } from "./errors.ts";

/** The channel's name: `diagnostics_channel.subscribe(operationChannel, (message) => ...)`. A subscriber must not throw. */
export const operationChannel = "tollbooth-stores:operation";

/** One finished operation. Holds no key, client, subject, session id or value. */
export interface OperationMessage {
  /** "all": the stores' `check`, of the backend that they share. */
  store: "rate-limits" | "sessions" | "verifications" | "all";
  /** The method's name, e.g. "consume". */
  operation: string;
  /** E.g. "memory", "ioredis". */
  provider: string;
  durationMs: number;
  /**
   * "error", or the reply in a word: "allowed", "denied", "ok", "missing", "claimed", ... "unreadable": a listing skipped
   * a record that cannot be read; `durationMs` is 0, and the listing goes on.
   */
  outcome: string;
  /** Only for a rate limit's decision that the store was not asked for. */
  source?: "deny-cache";
  /** Only where the outcome is "error" or "unreadable": a StoreError's code, else "OTHER" (an aborted signal, say). */
  errorCode?: StoreErrorCode | "OTHER";
}

const operations = channel(operationChannel);

/** Whether operations are reported at all. */
export function isObserved(): boolean {
  return operations.hasSubscribers;
}

/** What a reply says, for telemetry: one word, or more of an `OperationMessage`. */
export type Outcome = string | Pick<OperationMessage, "outcome" | "source">;

/** Runs one operation and reports it. */
export async function observed<R>(
  about: Pick<OperationMessage, "store" | "operation" | "provider">,
  run: () => Promise<R>,
  outcomeOf: (reply: R) => Outcome,
): Promise<R> {
  const started = performance.now();
  const publish = (rest: Pick<OperationMessage, "outcome" | "source" | "errorCode">) =>
    operations.publish({ ...about, durationMs: performance.now() - started, ...rest } satisfies OperationMessage);
  try {
    const reply = await run();
    const outcome = outcomeOf(reply);
    publish(typeof outcome === "string" ? { outcome } : outcome);
    return reply;
  } catch (error) {
    publish({ outcome: "error", errorCode: isStoreError(error) ? error.code : "OTHER" });
    throw error;
  }
}

/** Reports a record that a listing skipped because it cannot be read. */
export function publishUnreadable(about: Pick<OperationMessage, "store" | "operation" | "provider">): void {
  if (!operations.hasSubscribers) return;
  operations.publish({
    ...about,
    durationMs: 0,
    outcome: "unreadable",
    errorCode: "STORE_CORRUPT",
  } satisfies OperationMessage);
}

/** The name of the channel for connections: `diagnostics_channel.subscribe(connectionChannel, (message) => ...)`, which must not throw. */
export const connectionChannel = "tollbooth-stores:connection";

/** What a server said of itself when the connection became ready. Each field is absent where it was not told. */
export interface ServerIdentity {
  /** Redis's `run_id`: another one after every start of the server. */
  runId?: string;
  /** Redis's `master_replid`: another one after a failover. */
  replicationId?: string;
  version?: string;
  /** Redis's `role`: "master" or "slave". */
  role?: string;
}

/** A turn of one connection to a backend. Holds no password, user name, key or value. */
export interface ConnectionMessage {
  /** E.g. "ioredis". */
  provider: string;
  /**
   * - "commands": carries the stores' calls.
   * - "sentinel": asks a Sentinel for the primary's address.
   */
  purpose: "commands" | "sentinel";
  /** The same number in all messages of one connection that heals; no other one of this process has it. */
  connection?: number;
  /** "host:port". Absent where the address is not known, as with a borrowed client. */
  server?: string;
  /**
   * - "connecting": an attempt starts.
   * - "ready": the first connection can be used.
   * - "lost": a connection that could be used has ended.
   * - "given-up": it is used no more, because it was silent or led to a replica, and another one is made. A silent one that
   *   answers first is used again: "reconnected" follows in either case.
   * - "reconnected": the connection can be used again.
   * - "server-changed": reconnected to another run or another data set: `runId` or `replicationId` differs. A restart,
   *   a failover or another server. For people to read: the stores decide nothing by it.
   * - "closed": the stores closed it for good: they were closed, or its node has left the cluster.
   * - "unsafe": the server may forget payments, or is set up wrongly. Told by what opens the stores from a configuration:
   *   after the start, when a connection is lost or made anew, and every five minutes. Each finding of a server is told once a
   *   process, however many stores and connections lead there, and again where it was mended meanwhile. `reason` says what was found.
   * - "safe": what was told as "unsafe" is mended, or its server is one of these no more. `provider`, `server` and `reason` are
   *   those of the "unsafe".
   */
  event: "connecting" | "ready" | "lost" | "given-up" | "reconnected" | "server-changed" | "closed" | "unsafe" | "safe";
  /** Why, in the provider's own words and error codes ("ECONNREFUSED"); never the text of a client's error. */
  reason?: string;
  /** The server of the last connection that could be used. */
  before?: ServerIdentity;
  /** The server that is connected now. */
  after?: ServerIdentity;
  /** Milliseconds since the connection was lost; only with "reconnected" and "server-changed". */
  downMs?: number;
}

const connections = channel(connectionChannel);

/** Whether connections are reported at all. */
export function areConnectionsObserved(): boolean {
  return connections.hasSubscribers;
}

const listeners = new Set<(message: ConnectionMessage) => void>();

/**
 * Hears each message, and does not count as a subscriber: for what looks at servers again when their connections are made anew.
 * `hear` must not throw. Returns the function that ends it.
 */
export function hearConnections(hear: (message: ConnectionMessage) => void): () => void {
  listeners.add(hear);
  return () => void listeners.delete(hear);
}

/** For providers. Build `message` from known fields only: never from a URL, a client's options or an error's text. */
export function publishConnection(message: ConnectionMessage): void {
  for (const hear of listeners) hear(message);
  if (connections.hasSubscribers) connections.publish(message);
}

/** The name of the channel for batches: `diagnostics_channel.subscribe(batchChannel, (message) => ...)`, which must not throw. */
export const batchChannel = "tollbooth-stores:batch";

/** Calls that were written to a backend together. Holds no key and no argument. */
export interface BatchMessage {
  /** E.g. "ioredis". */
  provider: string;
  /** The script's name, e.g. "session.touch", "rate-limit.consume.fixed-window". */
  script: string;
  /** How many calls; 1 for a call that travels alone. */
  calls: number;
  /** How many keys they touch. Calls for an equal key may share it. */
  keys: number;
  /** From the first call until it was written: until the tick's end, and until its connection was up. Milliseconds. */
  waitedMs: number;
}

const batches = channel(batchChannel);

/** Whether batches are reported at all. */
export function areBatchesObserved(): boolean {
  return batches.hasSubscribers;
}

/** For providers. */
export function publishBatch(message: BatchMessage): void {
  if (batches.hasSubscribers) batches.publish(message);
}
