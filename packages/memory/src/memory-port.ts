// The AtomicPort of this process: a bounded store, not a cache. Live records are never evicted; new ones are refused
// instead. The exceptions are records whose loss does no harm: an allowance that is not used up, a verification that
// was rejected or released.
import type { AtomicPort, CallOptions, NamedRecord, Step, StoredRecord } from "@tollbooth-stores/core";
import { localHints, StoreError } from "@tollbooth-stores/core";
import { type Place, places } from "./places.ts";
import { type Demand, roomFor } from "./room.ts";

/** The default of `maxEntries`. */
export const DEFAULT_MAX_ENTRIES = 100_000;

/** The largest `maxEntries`. JavaScript's own maps end not far above it. */
export const MAX_ENTRIES_LIMIT = 10_000_000;

/** At most one full search for ended records in this much of the clock's time. */
const sweepIntervalMs = 100;

export interface MemoryPortOptions {
  /** How many records the port holds at most, 1..10,000,000. Default 100,000. */
  maxEntries?: number | undefined;
  /** Unix epoch milliseconds; fractions are cut off. Default `Date`. May step backwards, as a machine's clock may. */
  clock?: { now(): number } | undefined;
  /** Which live records may make room for new ones, the least recently used first. Default: none. */
  isEvictable?: ((record: StoredRecord) => boolean) | undefined;
  /**
   * Which records need no room: a record beside another one that has its place, and ending no later than that. Default:
   * none.
   */
  needsNoRoom?: ((record: StoredRecord) => boolean) | undefined;
  /**
   * The share that a key's record belongs to. With it, no share can fill the port alone: it is refused while it holds
   * three times the free room or more, so that there is room for others. Default: none; every record may take the last
   * place.
   */
  shareOf?: ((key: string) => string) | undefined;
  /** How many records a new entry may need, so that `check` looks for as many places. Default 1. */
  placesOfEntry?: number | undefined;
}

/**
 * Atomic because a step is synchronous and nothing else runs meanwhile. Records are kept as given, not copied.
 *
 * At `maxEntries`, or where its share has enough, a step that needs more room first drops ended records (searching at
 * most once in 100 ms), then those that `isEvictable` allows, of the same share if there are shares. If that is not enough
 * it rejects with STORE_CAPACITY and changes nothing. Writing an existing key needs no room. Retrying a refused call is
 * safe. There are no timers.
 */
export function memoryPort(options: MemoryPortOptions = {}): AtomicPort {
  const { maxEntries = DEFAULT_MAX_ENTRIES, clock = Date, shareOf, placesOfEntry = 1 } = options;
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1 || maxEntries > MAX_ENTRIES_LIMIT) {
    throw new StoreError("STORE_CONFIG", `maxEntries must be a whole number from 1 to ${MAX_ENTRIES_LIMIT}.`);
  }
  if (typeof clock?.now !== "function") throw new StoreError("STORE_CONFIG", "clock must have the function now.");

  const { isEvictable = () => false, needsNoRoom = () => false } = options;
  const held = places({ isEvictable, needsNoRoom });
  // No record ends earlier than this. A lower bound, exact after a sweep.
  let earliestEndMs = Number.POSITIVE_INFINITY;
  let lastSweepMs = Number.NEGATIVE_INFINITY;
  let closed = false;

  const requireOpen = () => {
    if (closed) throw new StoreError("STORE_CLOSED", "This memory port was closed; create a new one.");
  };
  const readClock = () => {
    let nowMs: number;
    try {
      nowMs = Math.floor(clock.now());
    } catch (cause) {
      throw new StoreError("STORE_UNAVAILABLE", "The option clock failed; nothing was changed.", { cause });
    }
    if (Number.isSafeInteger(nowMs) && nowMs >= 0) return nowMs;
    throw new StoreError("STORE_CONFIG", "The option clock must answer now() with milliseconds since 1970, 0 or more.");
  };

  // Only places have a holder, and one that was removed has none. (instanceof takes ten times as long.)
  const isHeld = (known: unknown): known is Place =>
    typeof known === "object" && known !== null && "holder" in known && known.holder === held;

  /** The place of a live record. An ended one is removed, so that its room is free for the step that reads it. */
  const live = (key: string, nowMs: number): Place | undefined => {
    const place = held.find(key);
    if (place === undefined || place.record.endsAtMs > nowMs) return place;
    held.remove(place);
    return undefined;
  };

  const sweep = (nowMs: number) => {
    // A clock that stepped back since the last sweep must not prevent the next one.
    const tooSoon = nowMs >= lastSweepMs && nowMs - lastSweepMs < sweepIntervalMs;
    if (earliestEndMs > nowMs || tooSoon) return;
    lastSweepMs = nowMs;
    earliestEndMs = Number.POSITIVE_INFINITY;
    for (const place of held.all()) {
      if (place.record.endsAtMs <= nowMs) held.remove(place);
      else earliestEndMs = Math.min(earliestEndMs, place.record.endsAtMs);
    }
  };

  const full = () =>
    new StoreError(
      "STORE_CAPACITY",
      shareOf === undefined
        ? `The memory store holds ${maxEntries} live records, its maxEntries; raise maxEntries or use a shared store.`
        : `This rule has taken its part of the memory store's ${maxEntries} places, its maxEntries; raise maxEntries or use a shared store.`,
    );

  /** The records to drop for a step. Throws where too few may go. Removes only records that have ended. */
  const makeRoom = (demand: Demand, nowMs: number): readonly Place[] => {
    const room = (dropping: boolean) => roomFor(held, maxEntries, shareOf !== undefined, demand, dropping);
    const enough = room(false);
    if (enough !== undefined) return enough;
    sweep(nowMs);
    const victims = room(true);
    if (victims === undefined) throw full();
    return victims;
  };

  /** Makes the changes of a step, or throws and makes none. */
  const commit = (
    keys: readonly string[],
    found: readonly (Place | undefined)[],
    writes: NonNullable<Step<unknown>["writes"]>,
    nowMs: number,
  ) => {
    // A record that has already ended when it is written counts as a deletion.
    const changes: { key: string; record: StoredRecord | null; share: string }[] = [];
    const grows: string[] = [];
    const shrinks: string[] = [];
    keys.forEach((key, index) => {
      const write = writes[index];
      if (write === undefined) return;
      const record = write !== null && write.endsAtMs > nowMs ? write : null;
      const place = found[index];
      const share = place?.share.name ?? shareOf?.(key) ?? "";
      changes.push({ key, record, share });
      const before = place?.takesRoom === true;
      const after = record !== null && !needsNoRoom(record);
      if (after && !before) grows.push(share);
      if (before && !after) shrinks.push(share);
    });
    if (grows.length > 0) {
      const inUse = found.filter((place) => place !== undefined);
      for (const victim of makeRoom({ grows, shrinks, inUse }, nowMs)) held.remove(victim);
    }
    for (const { key, record, share } of changes) {
      if (record !== null) {
        earliestEndMs = Math.min(earliestEndMs, record.endsAtMs);
        held.put(key, record, share);
        continue;
      }
      const place = held.find(key);
      if (place !== undefined) held.remove(place);
    }
  };

  const decide = <R, A>(
    name: NamedRecord,
    step: (record: StoredRecord | null, nowMs: number, given: A) => Step<R>,
    given: A,
  ): R => {
    requireOpen();
    const nowMs = readClock();
    const known = name.place;
    let place = isHeld(known) ? known : held.find(name.key);
    if (place !== undefined && place.record.endsAtMs <= nowMs) {
      held.remove(place);
      place = undefined;
    }
    if (place !== known) name.place = place;
    const { writes, reply } = step(place === undefined ? null : place.record, nowMs, given);
    const write = writes?.[0];
    if (place?.takesRoom && write != null && write.endsAtMs > nowMs) {
      // The record keeps its place, so no room is asked for.
      earliestEndMs = Math.min(earliestEndMs, write.endsAtMs);
      held.rewrite(place, write);
      return reply;
    }
    if (place !== undefined) held.touch(place);
    if (writes !== undefined && write !== undefined) commit([name.key], [place], writes, nowMs);
    return reply;
  };

  return {
    capabilities: { shared: false, atomic: true, durable: false },
    decide,
    async transact<R>(
      keys: readonly string[],
      step: (records: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
      call?: CallOptions,
    ): Promise<R> {
      call?.signal?.throwIfAborted();
      const [only] = keys;
      if (only !== undefined && keys.length === 1) {
        return decide({ key: only, place: undefined }, (record, nowMs) => step([record], nowMs), undefined);
      }
      requireOpen();
      const nowMs = readClock();
      const found = keys.map((key) => {
        const place = live(key, nowMs);
        if (place !== undefined) held.touch(place);
        return place;
      });
      const { writes, reply } = step(
        found.map((place) => place?.record ?? null),
        nowMs,
      );
      if (writes !== undefined) commit(keys, found, writes, nowMs);
      return reply;
    },
    async check(_key, call) {
      call?.signal?.throwIfAborted();
      requireOpen();
      const missing = () => held.taken() + Math.min(placesOfEntry, maxEntries) - maxEntries;
      if (missing() > 0) sweep(readClock());
      if (missing() > held.droppable()) throw full();
    },
    async *scan(prefix, call) {
      requireOpen();
      for (const key of Array.from(held.all(), (place) => place.key)) {
        call?.signal?.throwIfAborted();
        requireOpen();
        const record = held.find(key)?.record;
        if (key.startsWith(prefix) && record !== undefined && record.endsAtMs > readClock()) yield key;
      }
    },
    hint: localHints(),
    async close() {
      closed = true;
      held.clear();
    },
  };
}
