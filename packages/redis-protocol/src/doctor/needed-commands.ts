// The commands that the stores' scripts run, each with arguments to ask whether a user may run it.

export interface NeededCommand {
  /** In capitals, as Redis writes it. */
  readonly name: string;
  /** As an ACL names it. Default: the name in small letters. */
  readonly right?: string;
  /** Arguments that fit, for ACL DRYRUN, which runs nothing. */
  readonly fitting: readonly string[];
  /**
   * Arguments with which it only reads, or fails before it changes anything. Redis looks at the rights before both. Undefined
   * where there are none, so that only ACL DRYRUN can tell.
   */
  readonly harmless: readonly string[] | undefined;
}

const reading = (name: string, ...fitting: string[]): NeededCommand => ({ name, fitting, harmless: fitting });

/** `key`: a key under the stores' prefix that does not exist. */
export function commandsOn(key: string): readonly NeededCommand[] {
  return [
    { name: "EVALSHA", fitting: ["0", "1", key], harmless: ["0", "x", key] },
    { name: "EVAL", fitting: ["return 1", "1", key], harmless: ["return 1", "x", key] },
    reading("TIME"),
    ...["GET", "MGET", "EXISTS", "PTTL"].map((name) => reading(name, key)),
    reading("GETRANGE", key, "0", "0"),
    reading("HGET", key, "f"),
    reading("HEXISTS", key, "f"),
    reading("ZRANGE", key, "0", "0"),
    reading("ZCOUNT", key, "0", "0"),
    reading("ZSCORE", key, "m"),
    reading("SCAN", "0"),
    ...writesOn(key),
  ];
}

/** What a connection to a cluster needs: to know the nodes, and to follow slots that move. */
export const clusterCommands: readonly NeededCommand[] = [
  { ...reading("CLUSTER", "SLOTS"), right: "cluster|slots" },
  // It would change where the connection's next command may run.
  { name: "ASKING", fitting: [], harmless: undefined },
];

/** What a connection to this database needs. Its own connections are in it already. */
export const databaseCommands = (db: number): readonly NeededCommand[] =>
  db === 0 ? [] : [reading("SELECT", String(db))];

function writesOn(key: string): readonly NeededCommand[] {
  return [
    // Of a key that does not exist.
    { name: "DEL", fitting: [key], harmless: [key] },
    { name: "ZREM", fitting: [key, "m"], harmless: [key, "m"] },
    // An argument that no server takes.
    { name: "SET", fitting: [key, "1"], harmless: [key, "1", "EX", "x"] },
    { name: "INCRBY", fitting: [key, "1"], harmless: [key, "x"] },
    { name: "SETRANGE", fitting: [key, "0", "1"], harmless: [key, "-1", "1"] },
    { name: "PEXPIRE", fitting: [key, "1"], harmless: [key, "x"] },
    { name: "HSET", fitting: [key, "f", "1"], harmless: [key, "f", "1", "g"] },
    { name: "ZADD", fitting: [key, "1", "m"], harmless: [key, "x", "m"] },
    { name: "ZREMRANGEBYSCORE", fitting: [key, "0", "0"], harmless: [key, "x", "0"] },
  ];
}

/**
 * What a transaction of the append-only file has on a key, for ACL DRYRUN. Redis writes a time as an instant, an expiry as a
 * deletion, and the database where it is another one.
 */
export function loggedOn(key: string): readonly Pick<NeededCommand, "name" | "fitting">[] {
  return [
    ...writesOn(key).filter(({ name }) => name !== "PEXPIRE"),
    { name: "PEXPIREAT", fitting: [key, "1"] },
    { name: "UNLINK", fitting: [key] },
    { name: "SELECT", fitting: ["0"] },
  ];
}

/** The commands that a user must have, for the README's list. In small letters. */
export const neededCommands: readonly string[] = commandsOn("k").map(({ name }) => name.toLowerCase());
