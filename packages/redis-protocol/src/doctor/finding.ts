// What an examination of a server finds.

/** "unknown": the server or its provider does not say. That alone is no failure. */
export type Level = "ok" | "warning" | "error" | "unknown";

export interface Finding {
  /** What was looked at, e.g. "maxmemory-policy". */
  readonly check: Check;
  readonly level: Level;
  /** Which server; absent where it is all of them. */
  readonly server?: string;
  /** What was found, and what it can cost. Never a password, a key or a value. */
  readonly message: string;
  /** The setting or the command that mends it. */
  readonly mend?: string;
}

export type Check =
  | "reachable"
  | "version"
  | "role"
  | "users"
  | "network"
  | "round trip"
  | "clock"
  | "eviction"
  | "memory"
  | "persistence"
  | "replication"
  | "cluster"
  | "rights"
  | "client"
  | "keys";

/** What a check makes of the facts of one server. */
export type Checked = Omit<Finding, "check" | "server">;

export const ok = (message: string): Checked => ({ level: "ok", message });
export const unknown = (message: string): Checked => ({ level: "unknown", message });
export const warning = (message: string, mend: string): Checked => ({ level: "warning", message, mend });
export const failure = (message: string, mend: string): Checked => ({ level: "error", message, mend });
