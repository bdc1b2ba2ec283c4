// SCAN over one server, and over all primaries of a cluster: complete, or an error that says that it is not.
import { StoreError } from "@tollbooth-stores/core";

/** Sends one command to one server. */
export type AskServer = (...words: string[]) => Promise<unknown>;

/** How many keys a SCAN looks at in one step. */
const COUNT = "500";
const SLOTS = 16_384;

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
 * Each key that the cluster held throughout, once at least. Throws STORE_UNAVAILABLE after the last page where a slot was
 * served by none of the primaries or was being moved: then keys may be missing.
 */
export async function* scanCluster(
  primaries: () => Promise<readonly AskServer[]>,
  pattern: string,
): AsyncGenerator<readonly string[]> {
  const before = await slotsOf(await primaries());
  for (const ask of await primaries()) yield* scanServer(ask, pattern);
  const after = await slotsOf(await primaries());
  if (before === undefined || before !== after) {
    throw new StoreError(
      "STORE_UNAVAILABLE",
      "The list is incomplete: the Redis Cluster moved slots, or did not serve all of them. Ask again.",
    );
  }
}

/**
 * The slots as their owners list them; undefined where one is missing or on the move. Users without CLUSTER NODES cannot
 * see moves.
 */
async function slotsOf(primaries: readonly AskServer[]): Promise<string | undefined> {
  const lists = await Promise.all(
    primaries.map((ask) =>
      ask("CLUSTER", "NODES").catch((error: unknown) => {
        if (error instanceof Error && error.message.startsWith("NOPERM")) return undefined;
        throw error;
      }),
    ),
  );
  if (lists.includes(undefined)) return "unknown";
  const owned = lists.map((list) => {
    const mine = String(list)
      .split("\n")
      .find((line) => /\bmyself\b/.test(line));
    return mine?.trim().split(" ").slice(8) ?? [];
  });
  const ranges = owned.flat();
  if (ranges.some((range) => range.startsWith("["))) return undefined;
  const count = ranges.reduce((sum, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
  return count === SLOTS
    ? owned
        .map((each) => each.join(","))
        .sort()
        .join(";")
    : undefined;
}
