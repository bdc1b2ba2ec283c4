// Turns a server's or a client's error into a StoreError that names the mend and quotes nothing.
import { StoreError, type StoreErrorOutcome } from "@tollbooth-stores/core";
import { connectionMend, login, missingRight } from "./connection-failures.ts";

const tooOld =
  "This Redis is too old: the stores need Redis 6.2 or Valkey 7.2, or newer. Update it, or change `url` or `host` of the connection.";

/** Error words at which the server certainly ran nothing, and what mends them. */
const refusals: Readonly<Record<string, string>> = {
  ...login,
  READONLY: "This Redis is a read-only replica; point the connection at the primary.",
  REPLICA:
    "This Redis is a replica that takes writes (replica-read-only no), and loses them when it synchronizes; point the connection at the primary.",
  OOM: "Redis is out of memory; raise maxmemory, and keep maxmemory-policy at noeviction.",
  LOADING: "Redis is still loading its data; try again.",
  MASTERDOWN: "This Redis is a replica whose primary is down; point the connection at the primary.",
  CLUSTERDOWN: "The Redis Cluster does not serve this slot now; try again.",
  TRYAGAIN: "The Redis Cluster is moving this slot; try again.",
  CROSSSLOT:
    "The call touches several slots, and this server belongs to a Redis Cluster; describe the connection by `cluster`.",
  MISCONF: "Redis cannot persist and refuses writes; see its log.",
  NOREPLICAS: "Redis has too few replicas in sync (min-replicas-to-write) and refuses writes; try again.",
  MOVED: "This is a node of a Redis Cluster; describe the connection by `cluster`, or pass a cluster's client.",
  ASK: "This is a node of a Redis Cluster; describe the connection by `cluster`, or pass a cluster's client.",
  BUSY: "Redis is busy with another script; try again.",
  NOSCRIPT: "Redis did not know the stores' script, and there was no time left to send it; try again.",
};

/** Error words of a state that passes: nothing ran, and the same call may be sent again until its deadline. */
const passing = new Set(["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"]);

export function isPassing(error: unknown): boolean {
  const word = errorWord(error);
  return word !== undefined && passing.has(word);
}

/** The leading word of a server's error, e.g. "NOSCRIPT". Redis 6.2 puts the line and a dash before one that a script answers. */
export function errorWord(error: unknown): string | undefined {
  return error instanceof Error
    ? /^(?:@user_script: ?\d+: )?-?([A-Z][A-Z0-9]{1,30})\b/.exec(error.message)?.[1]
    : undefined;
}

/** A server that knows no scripts at all. Nothing ran. */
export function scriptsUnknown(error: unknown): StoreError | undefined {
  return error instanceof Error && /^ERR unknown command/i.test(error.message)
    ? new StoreError(
        "STORE_UNAVAILABLE",
        "This server does not know EVALSHA. If it is a Sentinel, describe the connection by `sentinel`; if its redis.conf has `rename-command EVALSHA`, remove that line.",
      )
    : undefined;
}

/** Whether a server's error says that nothing ran. */
export function isRefusal(error: unknown): boolean {
  const word = errorWord(error);
  return word !== undefined && word in refusals;
}

/** STORE_UNAVAILABLE for a server's error word. `outcome` applies to words that do not settle it. */
export function refused(word: string | undefined, outcome: StoreErrorOutcome, cause?: unknown): StoreError {
  const mend = word === "NOPERM" ? missingRight(cause) : word === undefined ? undefined : refusals[word];
  return new StoreError(
    "STORE_UNAVAILABLE",
    mend ??
      (word === undefined
        ? `The connection to Redis was lost${outcome === "unknown" ? " before the answer came; the call may have taken effect." : ", and nothing was applied."}`
        : "Redis answered with an error; see cause."),
    { outcome: mend === undefined ? outcome : "not-applied", cause },
  );
}

/** The option that set a deadline. */
export type TimeoutOption = "commandTimeoutMs" | "connectTimeoutMs";

/** The deadline passed, before or after the command was written. */
export function timedOut(sent: boolean, option: TimeoutOption, limitMs: number, cause?: unknown): StoreError {
  return new StoreError(
    "STORE_UNAVAILABLE",
    sent
      ? `Redis did not answer within ${option} (${limitMs}); the call may have taken effect.`
      : `No connection to Redis within ${option} (${limitMs}); nothing was sent. ${connectionMend(cause)}`,
    { outcome: sent ? "unknown" : "not-applied", cause },
  );
}

/** The connection was up, and took nothing more. */
export function notTaken(limitMs: number): StoreError {
  return new StoreError(
    "STORE_UNAVAILABLE",
    `The connection to Redis did not take the call within commandTimeoutMs (${limitMs}); nothing was sent. Earlier calls fill it, or it was just lost: make fewer calls at once, or raise commandTimeoutMs.`,
  );
}

/** A step's time was over before it was sent. Nothing was changed. */
export function noTimeLeft(limitMs: number): StoreError {
  return new StoreError(
    "STORE_UNAVAILABLE",
    `The operation's earlier steps, or other work of this process, took all of commandTimeoutMs (${limitMs}); nothing was changed. Try again, or raise commandTimeoutMs.`,
  );
}

/** The server is older than the README allows. Nothing was written. */
export function serverTooOld(): StoreError {
  return new StoreError("STORE_UNAVAILABLE", tooOld);
}

/** A missing right within a script has no error word of its own: Redis up to 7.0's text, and that of 7.2 and Valkey. */
export function isRightMissing(error: unknown): boolean {
  return error instanceof Error && /The user executing the script|ACL failure in script/.test(error.message);
}

/** A right is missing for a command other than EVALSHA and EVAL. The script may have run in part. */
export function rightMissing(): StoreError {
  return new StoreError(
    "STORE_UNAVAILABLE",
    "This Redis user may not run a command that the stores need; its ACL must allow all that the README lists.",
    { outcome: "unknown" },
  );
}
