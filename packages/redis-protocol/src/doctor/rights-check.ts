// Whether this user may do what the stores do, without doing it: by ACL DRYRUN (Redis 7.0), else by commands that change nothing.
import { randomUUID } from "node:crypto";
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import { type Checked, failure, NOTHING_SOLD, ok, unknown, warning } from "./finding.ts";
import { clusterCommands, commandsOn, databaseCommands, type NeededCommand } from "./needed-commands.ts";

const INFO: NeededCommand = { name: "INFO", fitting: [], harmless: ["server"] };

/** What the stores' connections are to. */
export interface ConnectedTo {
  readonly cluster: boolean;
  readonly db: number;
}

/** No ACL mends what redis.conf has taken away. */
const absent = (names: string) =>
  `Remove \`rename-command\` of ${names} from redis.conf, and restart the server. A service that has disabled that cannot be used.`;

/**
 * `user`: the name of the connection's user; undefined where that is not told. `prefixes`: of the stores' keys. Rejects where
 * the server does not answer.
 */
export async function checkRights(
  ask: AskServer,
  user: string | undefined,
  prefixes: readonly string[],
  { cluster, db }: ConnectedTo,
): Promise<readonly Checked[]> {
  const keys = prefixes.map(stranger);
  // Once without a key: for a key of another node, a cluster's node redirects before it says that it is busy.
  const refusals = await Promise.all([[], ...keys.map((key) => [key])].map((each) => scriptRefusal(ask, each)));
  const refused = refusals.find((each) => each !== undefined);
  if (refused !== undefined) return [refused];
  const rightTo = await rightsOf(ask, user);
  const wanted = [...keys.flatMap(commandsOn), ...(cluster ? clusterCommands : databaseCommands(db))];
  const rights = await Promise.all(wanted.map(rightTo));
  const having = (right: Right) => wanted.filter((_, at) => rights[at] === right);
  const found = [...lacking(having("missing"), having("absent"))];
  if (found.length > 0) return found;
  const [untold, ...more] = having("untold");
  if (more.length > 0 || untold?.harmless !== undefined) {
    return [unknown("untold", "It may run scripts. The server does not tell its other rights now.")];
  }
  const info = await rightTo(INFO);
  if (info === "missing" || info === "absent") return [withoutInfo(info)];
  if (untold === undefined) return [ok("This user may run every command of the stores.")];
  return [
    ok(
      `This user may run the stores' commands. Of ${untold.name}, which is needed while slots move, that is not told (ACL DRYRUN).`,
    ),
  ];
}

function* lacking(missing: readonly NeededCommand[], disabled: readonly NeededCommand[]): Generator<Checked> {
  const fail = "Calls that need it fail: a payment may be verified and not served.";
  if (missing.length > 0) {
    yield failure(
      `missing: ${listed(missing)}`,
      `This user may not run what the stores need: ${listed(missing)}. ${fail}`,
      "ACL SETUSER <name> ~<keyPrefix>:* and + each of them.",
    );
  }
  if (disabled.length > 0) {
    yield failure(
      `absent: ${listed(disabled)}`,
      `This server does not know what the stores need: ${listed(disabled)}. ${fail}`,
      absent("each"),
    );
  }
}

/** As an ACL names them, each once. */
const listed = (commands: readonly NeededCommand[]) =>
  [...new Set(commands.map(({ name, right }) => right ?? name.toLowerCase()))].sort().join(", ");

function withoutInfo(why: "missing" | "absent"): Checked {
  const unseen = "a server that is too old, or was changed, and a replica that takes writes are not noticed.";
  return why === "missing"
    ? warning("info", `This user may not run INFO: ${unseen}`, "ACL SETUSER <name> +info")
    : warning("info", `This server does not know INFO: ${unseen}`, absent("INFO"));
}

/** A key under the prefix that does not exist. */
export const stranger = (prefix: string): string => `${prefix}:{doctor}:${randomUUID()}`;

/** The SHA-1 of no script. */
const NO_SHA1 = "0".repeat(40);

/** Asks to run a script that the server cannot know, so none runs. Undefined where the user may. */
async function scriptRefusal(ask: AskServer, keys: readonly string[]): Promise<Checked | undefined> {
  try {
    await ask("EVALSHA", NO_SHA1, String(keys.length), ...keys);
    return unknown("unreadable", "The server answers what no Redis does.");
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    if (isForbidden(error)) {
      return failure(
        "scripts",
        `This user may not run EVALSHA on keys of the stores. ${NOTHING_SOLD}`,
        "ACL SETUSER <name> ~<keyPrefix>:* +evalsha +eval, and + each command of the README.",
      );
    }
    if (isAbsent(error)) {
      return failure("no-scripts", `This server runs no scripts (EVALSHA). ${NOTHING_SOLD}`, absent("EVALSHA"));
    }
    return undefined;
  }
}

/** "absent": the server does not know the command. "untold": it does not say. */
type Right = "given" | "missing" | "absent" | "untold";

async function rightsOf(ask: AskServer, user: string | undefined): Promise<(command: NeededCommand) => Promise<Right>> {
  if (user === undefined) return (command) => tried(ask, command);
  // One question first: each refused one leaves an entry in the server's ACL log.
  const hasDryRun = (await dryRun(ask, user, { name: "PING", fitting: [] })) !== undefined;
  if (!hasDryRun) return (command) => tried(ask, command);
  return async (command) => {
    const may = await dryRun(ask, user, command);
    if (may === undefined) return tried(ask, command);
    return may ? "given" : "missing";
  };
}

/** Undefined where the server does not answer that question, or does not know the command. */
export async function dryRun(
  ask: AskServer,
  user: string,
  { name, fitting }: Pick<NeededCommand, "name" | "fitting">,
): Promise<boolean | undefined> {
  try {
    return (await ask("ACL", "DRYRUN", user, name, ...fitting)) === "OK";
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    return undefined;
  }
}

/** Answers that say nothing of a right. */
const BUSY = new Set(["LOADING", "BUSY", "MASTERDOWN", "NOAUTH"]);

async function tried(ask: AskServer, { name, harmless }: NeededCommand): Promise<Right> {
  if (harmless === undefined) return "untold";
  try {
    await ask(name, ...harmless);
    return "given";
  } catch (error) {
    const word = errorWord(error);
    if (word === undefined) throw error;
    if (BUSY.has(word)) return "untold";
    if (isAbsent(error)) return "absent";
    return isForbidden(error) ? "missing" : "given";
  }
}

const isForbidden = (error: unknown) => errorWord(error) === "NOPERM";
const isAbsent = (error: unknown) => error instanceof Error && /^-?ERR unknown (sub)?command/i.test(error.message);
