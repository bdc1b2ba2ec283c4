// Whether a restart reads back what was written: some servers load their append-only file with the default user's rights.
import type { AskServer } from "../connection/scan-keys.ts";
import { type Checked, failure, type Keeps, unknown, warning } from "./finding.ts";
import { loggedOn } from "./needed-commands.ts";
import { dryRun, stranger } from "./rights-check.ts";
import type { ServerFacts } from "./server-facts.ts";

const MEND =
  "Before any restart: ACL SETUSER default ~* &* +@all, and the same in redis.conf or the ACL file. " +
  "Where no client logs in as default: off ~* &* +@all.";

/** `prefixes`: of the stores' keys. Nothing where the server does not load so. Rejects where the server does not answer. */
export async function checkLoadingUser(
  ask: AskServer,
  facts: ServerFacts,
  { keeps, prefixes }: { readonly keeps: Keeps; readonly prefixes: readonly string[] },
): Promise<Checked[]> {
  if (!loadsAsDefaultUser(facts)) return [];
  const may = (await rightsByServer(ask, facts, prefixes)) ?? rightsByRules(facts.users);
  if (may === true) return [];
  if (may === undefined) {
    return [
      unknown(
        "loaded-by-default-user",
        "At a restart this server loads its append-only file with the default user's rights, and drops what it may not run. " +
          "Whether that user may write the stores' keys is not told (ACL DRYRUN); `~* &* +@all` is enough.",
      ),
    ];
  }
  const message =
    "The default user may not write the stores' keys. At a restart this server loads its append-only file with that user's rights, " +
    "and drops every transaction that it may not run: payments are forgotten, and served again.";
  return [
    keeps === "limits"
      ? warning("loaded-by-default-user", message, MEND)
      : failure("loaded-by-default-user", message, MEND),
  ];
}

/** Redis 7, and Valkey up to 8.1, with an append-only file. */
function loadsAsDefaultUser({ info }: ServerFacts): boolean {
  if (info("aof_enabled") !== "1") return false;
  const valkey = info("valkey_version");
  return valkey === undefined ? /^7\./.test(info("redis_version") ?? "") : /^(7|8)\./.test(valkey);
}

/** By ACL DRYRUN; undefined where that is not told. */
async function rightsByServer(
  ask: AskServer,
  { user }: ServerFacts,
  prefixes: readonly string[],
): Promise<boolean | undefined> {
  // One question first: each refused one leaves an entry in the server's ACL log.
  if (user === undefined || (await dryRun(ask, user, { name: "PING", fitting: [] })) === undefined) return undefined;
  const wanted = prefixes.flatMap((prefix) => loggedOn(stranger(prefix)));
  const answers = await Promise.all(wanted.map((command) => dryRun(ask, "default", command)));
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

const logged = loggedOn("k").map(({ name }) => name.toLowerCase());
/** Categories that hold a command which the append-only file has. */
const WRITTEN = new Set(
  ["all", "write", "keyspace", "string", "hash", "sortedset", "fast", "slow", "connection"].map((each) => `@${each}`),
);

/**
 * By the rules of ACL LIST. True where they give every command and every key, and take nothing away after that; false where
 * they surely give no write, or take one away; undefined in between.
 */
function rightsByRules(users: ServerFacts["users"]): boolean | undefined {
  const rules = users?.map((line) => line.split(" ")).find(([, name]) => name === "default");
  if (rules === undefined) return undefined;
  const words = rules.slice(2);
  // A selector in brackets gives rights of its own.
  if (words.some((word) => word.startsWith("("))) return undefined;
  const keys = words.filter((word) => /^(~|%W|%RW)/.test(word));
  const last = words.lastIndexOf("+@all");
  const given = words.flatMap((word) => (word.startsWith("+") ? [word.slice(1)] : []));
  const taken = words.slice(last + 1).flatMap((word) => (word.startsWith("-") ? [word.slice(1)] : []));
  const mayAll = given.some((rule) => WRITTEN.has(rule)) || logged.every((name) => given.includes(name));
  if (keys.length === 0 || !mayAll) return false;
  if (last !== -1 && taken.some((rule) => WRITTEN.has(rule) || logged.includes(rule))) return false;
  const isAll = last !== -1 && taken.length === 0 && keys.some((word) => word === "~*" || word === "%RW~*");
  return isAll ? true : undefined;
}
