// A sample of the stores' keys: how large they are, and whether each has its end.

import { errorWord } from "../connection/redis-errors.ts";
import { type AskServer, literalPattern } from "../connection/scan-keys.ts";
import { type Checked, failure, ok, unknown } from "./finding.ts";

const MOST_KEYS = 500;
const MOST_STEPS = 20;

export async function checkKeys(ask: AskServer, prefixes: readonly string[]): Promise<Checked[]> {
  try {
    return await Promise.all(prefixes.map((prefix) => sample(ask, prefix)));
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    return [unknown("The keys cannot be looked at: that needs SCAN, PTTL and MEMORY USAGE.")];
  }
}

async function sample(ask: AskServer, prefix: string): Promise<Checked> {
  const keys = await someKeys(ask, prefix);
  if (keys.length === 0) return ok(`No key under ${prefix} was met.`);
  const ends = await Promise.all(keys.map((key) => ask("PTTL", key)));
  const endless = ends.filter((end) => Number(end) === -1).length;
  const of = `of ${keys.length} under ${prefix}`;
  if (endless > 0) {
    return failure(
      `${endless} keys ${of} have no end: the stores give each one an end, so something else writes there, or PERSIST ran.`,
      "Give the stores a keyPrefix that nothing else uses.",
    );
  }
  const sizes = await Promise.all(keys.map((key) => ask("MEMORY", "USAGE", key)));
  const bytes = sizes.reduce<number>((sum, size) => sum + Number(size ?? 0), 0) / keys.length;
  return ok(`A sample ${of}: each has its end; ${Math.round(bytes)} bytes a key.`);
}

/** A few steps only: this must not load a server that is in use. */
async function someKeys(ask: AskServer, prefix: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  for (let step = 0; step < MOST_STEPS && found.length < MOST_KEYS; step += 1) {
    const reply = await ask("SCAN", cursor, "MATCH", `${literalPattern(prefix)}:*`, "COUNT", "500");
    const [next, keys]: readonly unknown[] = Array.isArray(reply) ? reply : [];
    if (Array.isArray(keys)) found.push(...keys.map(String));
    cursor = String(next ?? "0");
    if (cursor === "0") break;
  }
  return found.slice(0, MOST_KEYS);
}
