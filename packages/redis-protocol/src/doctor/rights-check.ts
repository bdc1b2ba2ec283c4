// Whether this user may do what the stores do, without doing it: ACL DRYRUN, of Redis 7.0 and newer.

import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import { type Checked, failure, ok, unknown, warning } from "./finding.ts";

/** Each command with arguments that fit. `key` stands for a key of the stores'. */
const needed = (key: string): readonly (readonly string[])[] => [
  ["EVALSHA", "0", "1", key],
  ["EVAL", "return 1", "1", key],
  ["TIME"],
  ...["GET", "MGET", "DEL", "EXISTS", "PTTL"].map((command) => [command, key]),
  ["SET", key, "1"],
  ["INCRBY", key, "1"],
  ["GETRANGE", key, "0", "0"],
  ["SETRANGE", key, "0", "1"],
  ["PEXPIRE", key, "1"],
  ["HGET", key, "f"],
  ["HSET", key, "f", "1"],
  ["HEXISTS", key, "f"],
  ["ZADD", key, "1", "m"],
  ["ZREM", key, "m"],
  ["ZRANGE", key, "0", "0"],
  ["ZCOUNT", key, "0", "0"],
  ["ZSCORE", key, "m"],
  ["ZREMRANGEBYSCORE", key, "0", "0"],
  ["SCAN", "0"],
];
const helpful: readonly (readonly string[])[] = [["INFO"]];

/** The commands that a user must have, for the README's list. */
export const neededCommands: readonly string[] = needed("k").map(([name = ""]) => name.toLowerCase());

export async function checkRights(
  ask: AskServer,
  user: string | undefined,
  prefixes: readonly string[],
): Promise<Checked> {
  if (user === undefined) return unknown("The rights cannot be asked: this user may not run ACL WHOAMI.");
  const missing = new Set<string>();
  for (const prefix of prefixes) {
    for (const command of needed(`${prefix}:{doctor}`)) {
      const may = await mayRun(ask, user, command);
      if (may === undefined)
        return unknown("The rights cannot be asked: ACL DRYRUN needs Redis 7.0, and its own right.");
      if (!may) missing.add(`${command[0]?.toLowerCase()}`);
    }
  }
  if (missing.size > 0) {
    return failure(
      `This user may not run, on keys of the stores: ${[...missing].join(", ")}.`,
      "ACL SETUSER <name> ~<keyPrefix>:* and + each of them.",
    );
  }
  const unhelpful: string[] = [];
  for (const command of helpful) if ((await mayRun(ask, user, command)) === false) unhelpful.push(`${command[0]}`);
  if (unhelpful.length > 0) {
    return warning(
      "This user may not run INFO: a server that is too old, or was changed, is not noticed.",
      "ACL SETUSER <name> +info",
    );
  }
  return ok("This user may run every command of the stores.");
}

/** Undefined where the server does not answer that question. */
async function mayRun(ask: AskServer, user: string, command: readonly string[]): Promise<boolean | undefined> {
  try {
    return (await ask("ACL", "DRYRUN", user, ...command)) === "OK";
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    return undefined;
  }
}
