// Whether a listing looked where the stores write. Where their prefix is another, it finds no payment, and all looks well.
import type { LoadedStores } from "@tollbooth-stores/config";
import { StoreError } from "@tollbooth-stores/core";

type Stores = Pick<LoadedStores, "servers" | "describe">;

/** What mends it: `examine` takes the prefix as `keyPrefix`. */
export const anotherPrefix =
  "Give --config, or beside --url the stores' keyPrefix by --prefix, and the database's number in the url.";

/** The prefix of the payments' keys, e.g. "tollbooth:verify". */
export const paymentsPrefix = ({ describe }: Pick<Stores, "describe">): string =>
  String(describe().verifications.settings.keyPrefix);

/**
 * Words where no key of any store is on the servers, although they hold others. Undefined where there is one, and where they
 * hold none at all. Takes as long as a listing. Rejects with `signal`'s reason, and with STORE_UNAVAILABLE where a server does
 * not answer.
 */
export async function noOwnKeys({ servers, describe }: Stores, signal?: AbortSignal): Promise<string | undefined> {
  const { rateLimits, sessions, verifications } = describe();
  const prefixes = [rateLimits, sessions, verifications].map(({ settings }) => String(settings.keyPrefix));
  try {
    for (const { ask } of await servers()) if (await holdsAny(ask, prefixes, signal)) return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    const message = "A server did not answer SCAN, so that it is not known whether the stores' keys are there.";
    throw new StoreError("STORE_UNAVAILABLE", message, { outcome: "not-applied", cause: error });
  }
  // After SCAN, which deletes keys that have ended: they are counted until then.
  const keys = await keysOn(servers);
  if (keys === 0 && !(await haveOtherDatabases(servers))) return undefined;
  const names = prefixes.join(", ").replace(/, ([^,]*)$/, " or $1");
  return `There is no key under ${names}, and ${othersText(keys)}: the stores may use another prefix, or another database.`;
}

function othersText(keys: number | undefined): string {
  if (keys === undefined) return "others may be there";
  if (keys === 0) return "other databases of the server hold keys";
  return `the server has ${keys} other${keys === 1 ? "" : "s"}`;
}

type Ask = Awaited<ReturnType<Stores["servers"]>>[number]["ask"];

/** The doctor's clients put no prefix of their own before keys. */
async function holdsAny(ask: Ask, prefixes: readonly string[], signal?: AbortSignal): Promise<boolean> {
  const pattern = `${commonStart(prefixes)}*`;
  let cursor = "0";
  do {
    signal?.throwIfAborted();
    const reply = await ask("SCAN", cursor, "MATCH", pattern, "COUNT", "500");
    const [next, page]: readonly unknown[] = Array.isArray(reply) ? reply : [];
    const keys = Array.isArray(page) ? page.map(String) : [];
    if (keys.some((key) => prefixes.some((prefix) => key.startsWith(`${prefix}:`)))) return true;
    cursor = String(next ?? "0");
  } while (cursor !== "0");
  return false;
}

function commonStart([first = "", ...more]: readonly string[]): string {
  let length = first.length;
  while (!more.every((each) => each.startsWith(first.slice(0, length)))) length -= 1;
  return first.slice(0, length);
}

/** Asked where this database is empty. False where it is not told. */
async function haveOtherDatabases(servers: Stores["servers"]): Promise<boolean> {
  try {
    const told = await Promise.all((await servers()).map(({ ask }) => ask("INFO", "keyspace")));
    return told.some((text) => /^db\d+:keys=[1-9]/m.test(String(text)));
  } catch {
    return false;
  }
}

/** How many keys the servers hold, in the database of the stores. Undefined where it is not told. */
export async function keysOn(servers: Stores["servers"]): Promise<number | undefined> {
  try {
    const sizes = await Promise.all((await servers()).map(({ ask }) => ask("DBSIZE")));
    const keys = sizes.reduce<number>((sum, size) => sum + Number(size), 0);
    return keys >= 0 ? keys : undefined;
  } catch {
    return undefined;
  }
}
