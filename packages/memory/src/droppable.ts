// The records of one share that may be dropped, in the order of use: an LRUCache that never evicts by itself.
import { LRUCache } from "lru-cache";

/** The size of a cache must be bounded; the port's own bound is the one that counts. No room is allocated beforehand. */
const unbounded = { maxSize: Number.MAX_SAFE_INTEGER, sizeCalculation: () => 1 };
/** Without it, each look-up would make an object of options. */
const noOptions = {};

/** Records by key, from the least to the most recently used. */
export interface Droppable<T extends { readonly key: string }> {
  isEmpty(): boolean;
  /** Adds a record that is not there yet, as the most recently used one. */
  add(record: T): void;
  /** Makes a record that is there the most recently used one. */
  use(record: T): void;
  remove(record: T): void;
  /** The least recently used first. Nothing may be added, used or removed meanwhile. */
  oldestFirst(): Iterable<T>;
}

/** No records yet. A cache takes 2 kB, and shares with a single record may be many: so it is made for the second one. */
export function droppable<T extends { readonly key: string }>(): Droppable<T> {
  let only: T | undefined;
  let cache: LRUCache<string, T> | undefined;
  return {
    isEmpty: () => only === undefined && (cache === undefined || cache.size === 0),
    add(record) {
      if (cache === undefined && only === undefined) {
        only = record;
        return;
      }
      cache ??= new LRUCache(unbounded);
      if (only !== undefined) cache.set(only.key, only);
      only = undefined;
      cache.set(record.key, record);
    },
    use(record) {
      cache?.get(record.key, noOptions);
    },
    remove(record) {
      if (only === record) only = undefined;
      else cache?.delete(record.key);
    },
    *oldestFirst() {
      if (only !== undefined) yield only;
      for (const record of cache?.rvalues() ?? []) if (record !== undefined) yield record;
    },
  };
}
