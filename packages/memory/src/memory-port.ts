// The AtomicPort of this process: a bounded store, not a cache. Live records are never evicted; new ones are refused
// instead. The exceptions are records whose loss does no harm: an allowance that is not used up, a verification that
// was rejected or released.
import type { AtomicPort, CallOptions, Step, StoredRecord } from "@tollbooth-stores/core";
import { localHints, StoreError } from "@tollbooth-stores/core";
import { LRUCache } from "lru-cache";

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
  mayDrop?: ((record: StoredRecord) => boolean) | undefined;
  /**
   * Which records need no room: a record beside another one that has its place, and ending no later than that. Default:
   * none.
   */
  needsNoRoom?: ((record: StoredRecord) => boolean) | undefined;
  /** How many records a new entry may need, so that `check` looks for as many places. Default 1. */
  placesOfEntry?: number | undefined;
}

/**
 * Atomic because a step is synchronous and nothing else runs meanwhile. Records are kept as given, not copied.
 *
 * At `maxEntries` a step that needs more room first drops ended records (searching at most once in 100 ms), then those
 * that `mayDrop` allows. If that is not enough it rejects with STORE_CAPACITY and changes nothing. Writing an existing
 * key needs no room. Retrying a refused call is safe. There are no timers.
 */
export function memoryPort(options: MemoryPortOptions = {}): AtomicPort {
  const { maxEntries = DEFAULT_MAX_ENTRIES, clock = Date, mayDrop, needsNoRoom = () => false } = options;
  const { placesOfEntry = 1 } = options;
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1 || maxEntries > MAX_ENTRIES_LIMIT) {
    throw new StoreError("STORE_CONFIG", `maxEntries must be a whole number from 1 to ${MAX_ENTRIES_LIMIT}.`);
  }

  // Only droppable records need an order of use. The cache never evicts by itself, because both together stay within
  // its max.
  const droppable = mayDrop === undefined ? undefined : new LRUCache<string, StoredRecord>({ max: maxEntries });
  const kept = new Map<string, StoredRecord>();
  const besides = new Map<string, StoredRecord>();
  const size = () => kept.size + (droppable?.size ?? 0);
  // No record ends earlier than this. A lower bound, exact after a sweep.
  let earliestEndMs = Number.POSITIVE_INFINITY;
  let lastSweepMs = Number.NEGATIVE_INFINITY;
  let closed = false;

  const requireOpen = () => {
    if (closed) throw new StoreError("STORE_CLOSED", "This memory port was closed; create a new one.");
  };
  const readClock = () => {
    const nowMs = Math.floor(clock.now());
    if (Number.isSafeInteger(nowMs) && nowMs >= 0) return nowMs;
    throw new StoreError("STORE_CONFIG", "The option clock must answer now() with milliseconds since 1970, 0 or more.");
  };

  const remove = (key: string) => void (kept.delete(key) || besides.delete(key) || droppable?.delete(key));
  const roomOf = (record: StoredRecord | null | undefined) => (record == null || needsNoRoom(record) ? 0 : 1);

  /** The live record. An ended one is removed, so that its place is free for the step that reads it. */
  const live = (key: string, nowMs: number): StoredRecord | null => {
    const record = kept.get(key) ?? besides.get(key) ?? droppable?.get(key);
    if (record === undefined) return null;
    if (record.endsAtMs > nowMs) return record;
    remove(key);
    return null;
  };

  const put = (key: string, record: StoredRecord) => {
    earliestEndMs = Math.min(earliestEndMs, record.endsAtMs);
    const lasting = needsNoRoom(record) ? besides : kept;
    const place = droppable !== undefined && mayDrop?.(record) ? droppable : lasting;
    for (const records of [kept, besides, droppable]) if (records !== place) records?.delete(key);
    place.set(key, record);
  };

  const sweep = (nowMs: number) => {
    // A clock that stepped back since the last sweep must not prevent the next one.
    const tooSoon = nowMs >= lastSweepMs && nowMs - lastSweepMs < sweepIntervalMs;
    if (earliestEndMs > nowMs || tooSoon) return;
    lastSweepMs = nowMs;
    earliestEndMs = Number.POSITIVE_INFINITY;
    const ended: string[] = [];
    for (const records of [kept, besides, droppable]) {
      for (const [key, record] of records?.entries() ?? []) {
        if (record.endsAtMs <= nowMs) ended.push(key);
        else earliestEndMs = Math.min(earliestEndMs, record.endsAtMs);
      }
    }
    for (const key of ended) remove(key);
  };

  /**
   * How many live records must be dropped to make `places` free; throws where too few may go. `inUse`: droppable records
   * that the step has read. Drops only records that have ended.
   */
  const placesMissing = (places: number, inUse: number, nowMs: number): number => {
    const missing = () => size() + places - maxEntries;
    if (missing() > 0) sweep(nowMs);
    if (missing() > 0 && (droppable?.size ?? 0) - inUse < missing()) {
      throw new StoreError(
        "STORE_CAPACITY",
        `The memory store holds ${maxEntries} live records, its maxEntries; raise maxEntries or use a shared store.`,
      );
    }
    return Math.max(0, missing());
  };

  return {
    capabilities: { shared: false, atomic: true, durable: false },
    async transact<R>(
      keys: readonly string[],
      step: (records: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
      call?: CallOptions,
    ): Promise<R> {
      call?.signal?.throwIfAborted();
      requireOpen();
      const nowMs = readClock();
      const found = keys.map((key) => live(key, nowMs));
      const { writes, reply } = step(found, nowMs);
      if (writes === undefined) return reply;

      // A record that has already ended when it is written counts as a deletion.
      const changes: { key: string; record: StoredRecord | null }[] = [];
      let places = 0;
      keys.forEach((key, index) => {
        const write = writes[index];
        if (write === undefined) return;
        const record = write !== null && write.endsAtMs > nowMs ? write : null;
        changes.push({ key, record });
        places += roomOf(record) - roomOf(found[index]);
      });
      if (places > 0) {
        const drops = placesMissing(places, keys.filter((key) => droppable?.has(key)).length, nowMs);
        // The records that the step read are the most recently used, so they are not dropped here.
        for (let dropped = 0; dropped < drops; dropped += 1) droppable?.pop();
      }
      for (const { key, record } of changes) if (record === null) remove(key);
      for (const { key, record } of changes) if (record !== null) put(key, record);
      return reply;
    },
    async check(_key, call) {
      call?.signal?.throwIfAborted();
      requireOpen();
      placesMissing(Math.min(placesOfEntry, maxEntries), 0, readClock());
    },
    async *scan(prefix, call) {
      requireOpen();
      for (const key of [...kept.keys(), ...besides.keys(), ...(droppable?.keys() ?? [])]) {
        call?.signal?.throwIfAborted();
        requireOpen();
        const record = kept.get(key) ?? besides.get(key) ?? droppable?.peek(key);
        if (key.startsWith(prefix) && record !== undefined && record.endsAtMs > readClock()) yield key;
      }
    },
    hint: localHints(),
    async close() {
      closed = true;
      kept.clear();
      besides.clear();
      droppable?.clear();
    },
  };
}
