// What an examination of a server finds.

/** "unknown": the server or its provider does not say. That alone is no failure. */
export type Level = "ok" | "warning" | "error" | "unknown";

export interface Finding {
  /** What was looked at, e.g. "eviction". */
  readonly check: Check;
  readonly level: Level;
  /**
   * The fact that was found, as the check knows it: it stays where the words, the figures in them or the level change. A word,
   * e.g. "policy"; where the finding names some of many, with these: "missing: eval, pttl". Absent where all is well.
   */
  readonly topic?: string;
  /** Which server; absent where it is all of them. */
  readonly server?: string;
  /** What was found, and what it can cost. Never a password, a key or a value. */
  readonly message: string;
  /** The setting or the command that mends it. */
  readonly mend?: string;
  /** The connection is refused for what must be configured (login, certificate, database): waiting does not mend it. */
  readonly refused?: true;
}

export type Check =
  | "reachable"
  | "version"
  | "role"
  | "users"
  | "network"
  | "tls"
  | "round trip"
  | "clock"
  | "eviction"
  | "memory"
  | "persistence"
  | "replication"
  | "sentinels"
  | "cluster"
  | "rights"
  | "client"
  | "keys";

/** What a check makes of the facts of one server. */
export type Checked = Omit<Finding, "check" | "server">;

export const ok = (message: string): Checked => ({ level: "ok", message });
export const unknown = (topic: string, message: string): Checked => ({ level: "unknown", topic, message });
/** A check threw an error: the server said something that it does not expect. */
export const UNREADABLE: Checked = unknown("unreadable", "What the server says of this cannot be read.");
/** A fact that costs more than another one of the same check has a topic of its own, so that it is told when it comes. */
export const warning = (topic: string, message: string, mend: string): Checked => ({
  level: "warning",
  topic,
  message,
  mend,
});
export const failure = (topic: string, message: string, mend: string): Checked => ({
  level: "error",
  topic,
  message,
  mend,
});

type Found = Checked | readonly Checked[];

/** Findings of one server. A check that is given as a function may throw; its finding is unknown then. */
export const namedFor =
  (server: string) =>
  (check: Check, found: Found | (() => Found)): Finding[] =>
    [typeof found === "function" ? attempted(found) : found].flat().map((each) => ({ check, server, ...each }));

function attempted(check: () => Found): Found {
  try {
    return check();
  } catch {
    return UNREADABLE;
  }
}

/** What the server keeps. A forgotten limit admits a client again; a forgotten marker serves a payment twice. */
export type Keeps = "money" | "limits";

/** What a server that takes no call costs, where payments or sessions are kept. */
export const NOTHING_SOLD = "Every paid request is answered 503, and nothing is sold.";
/** The same, where only rate limits are kept. */
const LIMITS_FAIL =
  "What has a rate limit is answered as `onUnavailable` says: 503 by default, or without this server.";

/** The cost of an error depends on what the server keeps. */
export function costing<F extends Finding>(found: F, keeps: Keeps): F {
  return keeps === "money" ? found : { ...found, message: found.message.replace(NOTHING_SOLD, LIMITS_FAIL) };
}

/** "1 key", "2 keys". */
export const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;
