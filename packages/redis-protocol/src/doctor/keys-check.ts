// A sample of the stores' keys: how many there are, how large, and whether each has its end.

import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import { type Checked, counted, failure, megabytes, ok, unknown } from "./finding.ts";

/** A few steps only: this must not load a server that is in use. */
const MOST_STEPS = 20;
const STEP_KEYS = "500";
/** How many keys of a store are looked at. */
const MOST_KEYS = 500;

/** The names of some keys of the server. */
interface Sample {
  keys: readonly string[];
  /** How many keys the server holds for each one of the sample. Undefined where that is not told. */
  weight: number | undefined;
}

/** A sample below this share of the server's keys does not prove that a store has none. */
const ENOUGH = 0.5;

export async function checkKeys(ask: AskServer, prefixes: readonly string[]): Promise<Checked[]> {
  try {
    const sample = await someKeys(ask);
    if (sample === undefined) return [unknown("scan", "The server answers what no Redis does (SCAN).")];
    const { keys, weight } = sample;
    const own = prefixes.map((prefix) => keys.filter((key) => key.startsWith(`${prefix}:`)));
    return await Promise.all(
      prefixes.map((prefix, at) => {
        const met = own[at] ?? [];
        return met.length === 0 ? notMet(prefix, sample) : checkPrefix(ask, prefix, { keys: met, weight });
      }),
    );
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    return [unknown("scan", "The keys cannot be looked at: that needs SCAN, PTTL and MEMORY USAGE.")];
  }
}

function notMet(prefix: string, { keys, weight }: Sample): Checked {
  if (weight === 1) return ok(`There is no key under ${prefix}.`);
  const all = weight === undefined ? "the server's" : `about ${Math.round(keys.length * weight)}`;
  const message = `No key under ${prefix} was met among the ${keys.length} that were looked at, of ${all}.`;
  return weight !== undefined && weight * ENOUGH <= 1 ? ok(message) : unknown(`not-met: ${prefix}`, message);
}

async function checkPrefix(ask: AskServer, prefix: string, { keys, weight }: Sample): Promise<Checked> {
  const sample = keys.slice(0, MOST_KEYS);
  const ends = await Promise.all(sample.map((key) => ask("PTTL", key)));
  const endless = ends.filter((end) => Number(end) === -1).length;
  if (endless > 0) {
    return failure(
      `no-end: ${prefix}`,
      `${endless} of ${counted(sample.length, "key")} looked at under ${prefix} ${endless === 1 ? "has" : "have"} no end. ` +
        "The stores give each key one, so something else writes there, or PERSIST ran. What never ends fills the memory, until every payment is refused.",
      "Give the stores a keyPrefix that nothing else uses.",
    );
  }
  const sizes = await Promise.all(sample.map((key) => ask("MEMORY", "USAGE", key)));
  // A key may have ended since.
  const known = sizes.map(Number).filter((size) => size > 0);
  const each = known.reduce((sum, size) => sum + size, 0) / Math.max(known.length, 1);
  const size = `${Math.round(each)} bytes each`;
  if (weight === undefined)
    return ok(`${counted(sample.length, "key")} looked at under ${prefix}: ${size}, with an end.`);
  const count = Math.round(keys.length * weight);
  const total = `${weight === 1 ? "" : "About "}${counted(count, "key")} under ${prefix}: ${megabytes(count * each)}, ${size}.`;
  return ok(`${total} ${sample.length === count ? "Each" : `Each of ${sample.length} looked at`} has its end.`);
}

/** Undefined where the answer is none of SCAN's. */
async function someKeys(ask: AskServer): Promise<Sample | undefined> {
  // A SCAN may name a key twice.
  const found = new Set<string>();
  let cursor = "0";
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const reply = await ask("SCAN", cursor, "COUNT", STEP_KEYS);
    const [next, keys]: readonly unknown[] = Array.isArray(reply) ? reply : [];
    if (next === undefined || !Array.isArray(keys)) return undefined;
    for (const key of keys) found.add(String(key));
    cursor = String(next);
    if (cursor === "0") return { keys: [...found], weight: 1 };
  }
  const total = await keysOf(ask);
  return { keys: [...found], weight: total === undefined ? undefined : total / Math.max(found.size, 1) };
}

/** Undefined where the server does not tell. */
async function keysOf(ask: AskServer): Promise<number | undefined> {
  try {
    return Number(await ask("DBSIZE"));
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    return undefined;
  }
}
