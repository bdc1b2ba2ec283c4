// SCAN over one server, and over all primaries of a cluster: complete, or an error that says that it is not.
import { StoreError } from "@tollbooth-stores/core";
import { NotSent, type RedisServer } from "../redis-port.ts";
import { DEFAULT_STEP_MS } from "./default-timeouts.ts";
import { SLOTS } from "./key-slot.ts";

/** Sends one command to one server. */
export type AskServer = (...words: string[]) => Promise<unknown>;

/** How many keys a SCAN looks at in one step. */
const COUNT = "500";
/** How much of a step one server may take. */
const ASK_SHARE = 0.6;

/** A page for each round trip. It may be empty. */
export async function* scanServer(ask: AskServer, pattern: string): AsyncGenerator<readonly string[]> {
  let cursor = "0";
  do {
    const reply = await ask("SCAN", cursor, "MATCH", pattern, "COUNT", COUNT);
    const [next, keys]: readonly unknown[] = Array.isArray(reply) ? reply : [];
    cursor = String(next ?? "0");
    yield Array.isArray(keys) ? keys.map(String) : [];
  } while (cursor !== "0");
}

/**
 * Each key that the cluster held throughout, once at least. Throws STORE_UNAVAILABLE after the last page where a primary did
 * not answer, or where a slot was served by none of them or was being moved: then keys may be missing. Each page takes less
 * than `stepMs`.
 */
export async function* scanCluster(
  primaries: () => Promise<readonly AskServer[]>,
  pattern: string,
  stepMs: number = DEFAULT_STEP_MS,
): AsyncGenerator<readonly string[]> {
  const patient = async () => (await primaries()).map((ask) => within(stepMs * ASK_SHARE, ask));
  const before = await slotsOf(await patient());
  yield [];
  let isComplete = before !== undefined;
  for (const ask of await patient()) {
    try {
      yield* scanServer(ask, pattern);
    } catch {
      isComplete = false;
      yield [];
    }
  }
  if (isComplete && before === (await slotsOf(await patient()))) return;
  throw new StoreError(
    "STORE_UNAVAILABLE",
    "The list is incomplete: the Redis Cluster moved slots, or a primary did not answer. Ask again.",
  );
}

/** Rejects where there is no answer in time. */
function within(ms: number, ask: AskServer): AskServer {
  return (...words) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("This server did not answer in time.")), ms);
      ask(...words)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
}

/**
 * The slots as their owners list them; undefined where one is missing or on the move, or an owner does not answer. Users
 * without CLUSTER NODES see only moves that end meanwhile.
 */
async function slotsOf(primaries: readonly AskServer[]): Promise<string | undefined> {
  const asked = primaries.map(async (ask) => {
    try {
      return { nodes: String(await ask("CLUSTER", "NODES")) };
    } catch (error) {
      return { isForbidden: error instanceof Error && error.message.startsWith("NOPERM") };
    }
  });
  const owned: string[][] = [];
  for (const { nodes, isForbidden } of await Promise.all(asked)) {
    if (isForbidden === true) return slotsTold(primaries);
    if (nodes === undefined) return undefined;
    owned.push(ownSlots(nodes));
  }
  const ranges = owned.flat();
  if (ranges.some((range) => range.startsWith("["))) return undefined;
  const count = ranges.reduce((sum, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
  if (count !== SLOTS) return undefined;
  const lists = owned.map((each) => each.join(","));
  return lists.sort().join(";");
}

/** The slots as one primary lists them all. */
async function slotsTold([ask]: readonly AskServer[]): Promise<string | undefined> {
  const reply = await ask?.("CLUSTER", "SLOTS").catch(() => undefined);
  const ranges = (Array.isArray(reply) ? reply : []).map((range: unknown) => (Array.isArray(range) ? range : []));
  const count = ranges.reduce((sum, [first, last]) => sum + Number(last) - Number(first) + 1, 0);
  const owned = ranges.map(([first, last, owner]) => JSON.stringify([first, last, owner]));
  return count === SLOTS ? owned.sort().join(";") : undefined;
}

/** The slots in the line that a node writes of itself, those on the move in brackets. */
function ownSlots(nodes: string): string[] {
  const mine = nodes.split("\n").find((line) => /\bmyself\b/.test(line));
  return mine?.trim().split(" ").slice(8) ?? [];
}

/** A client of the caller's, as a listing sees it. */
export interface ScannedClient {
  readonly cluster: boolean;
  /** The client's own key prefix. It stands before the keys, and is no part of the caller's pattern. */
  readonly keyPrefix: string;
  primaries(): Promise<readonly AskServer[]>;
}

/** A client's primaries, each with a number for a name. Each answer has `stepMs` milliseconds. */
export async function askedServers(
  { primaries, keyPrefix }: Pick<ScannedClient, "primaries" | "keyPrefix">,
  stepMs: number = DEFAULT_STEP_MS,
): Promise<RedisServer[]> {
  return (await primaries()).map((ask, at) => ({ name: `primary ${at + 1}`, keyPrefix, ask: within(stepMs, ask) }));
}

/** The keys without the client's own prefix. Throws `NotSent` where the client has no connection. */
export async function* scanClient(
  { cluster, keyPrefix, primaries }: ScannedClient,
  pattern: string,
  stepMs?: number,
): AsyncGenerator<readonly string[]> {
  const match = literalPattern(keyPrefix) + pattern;
  const [first] = cluster ? [] : await primaries();
  if (!cluster && first === undefined) throw new NotSent();
  const pages = first === undefined ? scanCluster(primaries, match, stepMs) : scanServer(first, match);
  for await (const page of pages) yield page.map((key) => key.slice(keyPrefix.length));
}

/** A glob pattern that matches this text alone. */
export function literalPattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
