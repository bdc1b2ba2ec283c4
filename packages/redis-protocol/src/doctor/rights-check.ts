// Whether this user may do what the stores do, without doing it: ACL DRYRUN, of Redis 7.0 and newer.

import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import { type Checked, failure, NOTHING_SOLD, ok, unknown, warning } from "./finding.ts";

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
  const keys = prefixes.map((prefix) => `${prefix}:{doctor}`);
  const refused = (await Promise.all(keys.map((key) => scriptRefusal(ask, key)))).find((each) => each !== undefined);
  if (refused !== undefined) return refused;
  if (user === undefined) {
    return unknown("It may run scripts. Its other rights cannot be asked: this user may not run ACL WHOAMI.");
  }
  const wanted = keys.flatMap(needed);
  const answers = await Promise.all(wanted.map((command) => mayRun(ask, user, command)));
  if (answers.includes(undefined)) {
    return unknown(
      "It may run scripts. Its other rights cannot be asked: ACL DRYRUN needs Redis 7.0, and its own right.",
    );
  }
  const missing = new Set(wanted.filter((_, at) => answers[at] === false).map(([name = ""]) => name.toLowerCase()));
  if (missing.size > 0) {
    return failure(
      `This user may not run, on keys of the stores: ${[...missing].join(", ")}. Calls that need it fail: a payment may be verified and not served.`,
      "ACL SETUSER <name> ~<keyPrefix>:* and + each of them.",
    );
  }
  const unhelpful = await Promise.all(helpful.map((command) => mayRun(ask, user, command)));
  if (unhelpful.includes(false)) {
    return warning(
      "This user may not run INFO: a server that is too old, or was changed, is not noticed.",
      "ACL SETUSER <name> +info",
    );
  }
  return ok("This user may run every command of the stores.");
}

/** No script has it. */
const NO_SHA1 = "0".repeat(40);

/** Whether the user may run a script on a key: asked for one that the server cannot know, so that none runs. */
async function scriptRefusal(ask: AskServer, key: string): Promise<Checked | undefined> {
  try {
    await ask("EVALSHA", NO_SHA1, "1", key);
    return unknown("The server answers what no Redis does.");
  } catch (error) {
    const word = errorWord(error);
    if (word === undefined) throw error;
    if (word === "NOPERM") {
      return failure(
        `This user may not run EVALSHA on keys of the stores. ${NOTHING_SOLD}`,
        "ACL SETUSER <name> ~<keyPrefix>:* +evalsha +eval, and + each command of the README.",
      );
    }
    if (word === "ERR" && error instanceof Error && /unknown command/i.test(error.message)) {
      return failure(`This server runs no scripts (EVALSHA). ${NOTHING_SOLD}`, "Use a Redis or Valkey that does.");
    }
    return undefined;
  }
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
