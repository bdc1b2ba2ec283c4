// The records of one share that may be dropped, in the order of use: an LRUCache that never evicts by itself.
import { LRUCache } from "lru-cache";

/** The size of a cache must be bounded; the port's own bound is the one that counts. No room is allocated beforehand. */
const unbounded = { maxSize: Number.MAX_SAFE_INTEGER, sizeCalculation: () => 1 };

/** What a record carries for the order of use. Begins with 0 and false. */
export interface Used {
  readonly key: string;
  /** Counts uses: the higher, the later. 0 while the record is not in the order. */
  usedAt: number;
  isNoted: boolean;
}

/** Records by key, from the least to the most recently used. */
export interface Droppable<T extends Used> {
  isEmpty(): boolean;
  /** Adds a record that is not there yet, as the most recently used one. */
  add(record: T): void;
  /** Makes a record that is there the most recently used one. */
  use(record: T): void;
  remove(record: T): void;
  /** The least recently used first. Nothing may be added, used or removed meanwhile. */
  oldestFirst(): Iterable<T>;
}

/**
 * No records yet. Uses are noted, and the cache is brought into their order when a record has to go: a look-up in it
 * would take a third of a call's time, and most stores never fill up. The first time that one does, this takes up to
 * 50 ms for 75,000 records.
 *
 * A cache takes 2 kB, and shares with a single record may be many. So it is made for the second record.
 */
export function droppable<T extends Used>(): Droppable<T> {
  let only: T | undefined;
  let cache: LRUCache<string, T> | undefined;
  let noted: T[] = [];
  let uses = 0;
  const size = () => (only === undefined ? (cache?.size ?? 0) : 1);
  const forgetLeft = () => {
    noted = noted.filter((record) => {
      record.isNoted = record.usedAt > 0;
      return record.isNoted;
    });
  };

  const use = (record: T) => {
    uses += 1;
    record.usedAt = uses;
    if (record.isNoted) return;
    record.isNoted = true;
    noted.push(record);
    // Records that left may have been noted. They are forgotten before they outnumber the others.
    if (noted.length > 2 * size() + 10) forgetLeft();
  };
  const bringIntoOrder = () => {
    forgetLeft();
    for (const record of noted.sort((one, other) => one.usedAt - other.usedAt)) {
      cache?.get(record.key);
      record.isNoted = false;
    }
    noted = [];
  };

  return {
    isEmpty: () => size() === 0,
    add(record) {
      if (cache === undefined && only === undefined) only = record;
      else {
        cache ??= new LRUCache(unbounded);
        if (only !== undefined) cache.set(only.key, only);
        only = undefined;
        cache.set(record.key, record);
      }
      use(record);
    },
    use,
    remove(record) {
      record.usedAt = 0;
      if (only === record) only = undefined;
      else cache?.delete(record.key);
    },
    *oldestFirst() {
      bringIntoOrder();
      if (only !== undefined) yield only;
      for (const record of cache?.rvalues() ?? []) if (record !== undefined) yield record;
    },
  };
}
