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

/**
 * Records by key, from the least to the most recently used.
 *
 * Uses are noted, and the cache is brought into their order when a record has to go: a look-up in it would take a third
 * of a call's time, and most stores never fill up. The first time that one does, this takes some 50 ms for 75,000 records.
 *
 * A cache takes 2 kB, and shares with a single record may be many. So it is made for the second record.
 */
export class Droppable<T extends Used> {
  #only: T | undefined;
  #cache: LRUCache<string, T> | undefined;
  #noted: T[] = [];
  #uses = 0;

  get size(): number {
    return this.#only === undefined ? (this.#cache?.size ?? 0) : 1;
  }

  /** Adds a record that is not there yet, as the most recently used one. */
  add(record: T): void {
    if (this.#cache === undefined && this.#only === undefined) this.#only = record;
    else {
      this.#cache ??= new LRUCache(unbounded);
      if (this.#only !== undefined) this.#cache.set(this.#only.key, this.#only);
      this.#only = undefined;
      this.#cache.set(record.key, record);
    }
    this.use(record);
  }

  /** Makes a record that is there the most recently used one. */
  use(record: T): void {
    this.#uses += 1;
    record.usedAt = this.#uses;
    if (record.isNoted) return;
    record.isNoted = true;
    this.#noted.push(record);
    // Records that left may have been noted. They are forgotten before they outnumber the others.
    if (this.#noted.length > 2 * this.size + 10) this.#forgetLeft();
  }

  remove(record: T): void {
    record.usedAt = 0;
    if (this.#only === record) this.#only = undefined;
    else this.#cache?.delete(record.key);
  }

  /** The least recently used first. Nothing may be added, used or removed meanwhile. */
  *oldestFirst(): Iterable<T> {
    this.#bringIntoOrder();
    if (this.#only !== undefined) yield this.#only;
    for (const record of this.#cache?.rvalues() ?? []) if (record !== undefined) yield record;
  }

  #forgetLeft(): void {
    this.#noted = this.#noted.filter((record) => {
      record.isNoted = record.usedAt > 0;
      return record.isNoted;
    });
  }

  #bringIntoOrder(): void {
    this.#forgetLeft();
    for (const record of this.#noted.sort((one, other) => one.usedAt - other.usedAt)) {
      this.#cache?.get(record.key);
      record.isNoted = false;
    }
    this.#noted = [];
  }
}
