// Reads many sessions, a batch of them in one call, and each of them once.
import { inBatches } from "./in-batches.ts";
import type { SessionKeys, SessionPlace } from "./session-id.ts";
import { afterReading } from "./session-records.ts";
import type { SessionState } from "./session-state.ts";

/** So many sessions a call, so many calls at a time. */
const manyReads = { size: 64, inFlight: 4 };

/** By the hash of its place; null for a session that is not there. */
export async function readByHash(
  places: readonly SessionPlace[],
  keys: SessionKeys,
  read: (onKeys: string[]) => Promise<readonly (SessionState | null)[]>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, SessionState | null>> {
  const distinct = [...new Map(places.map((place) => [place.hash, keys.session(place)]))];
  const found = new Map<string, SessionState | null>();
  await inBatches(distinct, manyReads, async (batch) => {
    signal?.throwIfAborted();
    const sessions = await read(batch.map(([, key]) => key)).catch((error: unknown) => {
      throw afterReading(error, found.size, distinct.length);
    });
    batch.forEach(([hash], at) => {
      found.set(hash, sessions[at] ?? null);
    });
  });
  return found;
}
