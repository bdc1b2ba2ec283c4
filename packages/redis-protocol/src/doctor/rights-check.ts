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

/**
 * `user`: the name of the connection's user; undefined where that is not told. `prefixes`: of the stores' keys. Rejects where
 * the server does not answer.
 */
export async function checkRights(
  ask: AskServer,
  user: string | undefined,
  prefixes: readonly string[],
  { cluster, db }: ConnectedTo,
): Promise<Checked> {
  const keys = prefixes.map(stranger);
  // Without a key as well: a node of a cluster answers a key of another node's before it looks whether scripts run now.
  const refusals = await Promise.all([[], ...keys.map((key) => [key])].map((each) => scriptRefusal(ask, each)));
  const refused = refusals.find((each) => each !== undefined);
  if (refused !== undefined) return refused;
  const may = await rightsOf(ask, user);
  const wanted = [...keys.flatMap(commandsOn), ...(cluster ? clusterCommands : databaseCommands(db))];
  const answers = await Promise.all(wanted.map(may));
  const answered = (answer: boolean | undefined) => wanted.filter((_, at) => answers[at] === answer);
  const missing = new Set(answered(false).map(({ name, right }) => right ?? name.toLowerCase()));
  if (missing.size > 0) {
    return failure(
      `This user may not run what the stores need: ${[...missing].sort().join(", ")}. Calls that need it fail: a payment may be verified and not served.`,
      "ACL SETUSER <name> ~<keyPrefix>:* and + each of them.",
    );
  }
  const [untold, ...more] = answered(undefined);
  if (more.length > 0 || untold?.harmless !== undefined) {
    return unknown("It may run scripts. The server does not tell its other rights now.");
  }
  if ((await may(INFO)) === false) {
    return warning(
      "This user may not run INFO: a server that is too old, or was changed, is not noticed.",
      "ACL SETUSER <name> +info",
    );
  }
  if (untold === undefined) return ok("This user may run every command of the stores.");
  return ok(
    `This user may run the stores' commands. Of ${untold.name}, which is needed while slots move, that is not told (ACL DRYRUN).`,
  );
}

/** A key under the prefix that does not exist. */
export const stranger = (prefix: string): string => `${prefix}:{doctor}:${randomUUID()}`;

/** No script has it. */
const NO_SHA1 = "0".repeat(40);

/** Whether the user may run a script on these keys: asked for one that the server cannot know, so that none runs. */
async function scriptRefusal(ask: AskServer, keys: readonly string[]): Promise<Checked | undefined> {
  try {
    await ask("EVALSHA", NO_SHA1, String(keys.length), ...keys);
    return unknown("The server answers what no Redis does.");
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    if (isForbidden(error)) {
      return failure(
        `This user may not run EVALSHA on keys of the stores. ${NOTHING_SOLD}`,
        "ACL SETUSER <name> ~<keyPrefix>:* +evalsha +eval, and + each command of the README.",
      );
    }
    if (isAbsent(error)) {
      return failure(`This server runs no scripts (EVALSHA). ${NOTHING_SOLD}`, "Use a Redis or Valkey that does.");
    }
    return undefined;
  }
}

/** Whether a command may be run. Undefined where the server does not say. */
type MayRun = (command: NeededCommand) => Promise<boolean | undefined>;

async function rightsOf(ask: AskServer, user: string | undefined): Promise<MayRun> {
  if (user === undefined) return (command) => tried(ask, command);
  // One at first: each refused question leaves an entry in the server's ACL log.
  const hasDryRun = (await dryRun(ask, user, { name: "PING", fitting: [] })) !== undefined;
  if (!hasDryRun) return (command) => tried(ask, command);
  return async (command) => (await dryRun(ask, user, command)) ?? tried(ask, command);
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

async function tried(ask: AskServer, { name, harmless }: NeededCommand): Promise<boolean | undefined> {
  if (harmless === undefined) return undefined;
  try {
    await ask(name, ...harmless);
    return true;
  } catch (error) {
    const word = errorWord(error);
    if (word === undefined) throw error;
    if (BUSY.has(word)) return undefined;
    return !isForbidden(error) && !isAbsent(error);
  }
}

const isForbidden = (error: unknown) => errorWord(error) === "NOPERM";
const isAbsent = (error: unknown) => error instanceof Error && /^-?ERR unknown command/i.test(error.message);
