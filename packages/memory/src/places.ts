// The records that a memory port holds: each in its share of the room, and those that may be dropped in the order of use.
import type { StoredRecord } from "@tollbooth-stores/core";
import { forget, type Listed, type UseOrder, use, useOrder } from "./use-order.ts";

/** Records whose room is counted together: those of one rule, say. */
export interface Share {
  readonly name: string;
  /** How many of its records take room. */
  held: number;
  /** How many records it has, whether they take room or not. */
  records: number;
  readonly droppable: UseOrder<Place>;
}

/** One record and where it is: in its share's order of use while it may be dropped. */
export interface Place extends Listed<Place> {
  readonly key: string;
  readonly share: Share;
  record: StoredRecord;
  takesRoom: boolean;
}

/** How many shares are looked at for one that has something to drop: enough for all rules of a service. */
const mostSharesSearched = 64;

/** What decides where a record belongs. */
export interface PlaceRules {
  mayDrop: (record: StoredRecord) => boolean;
  needsNoRoom: (record: StoredRecord) => boolean;
}

export interface Places {
  /** How many records take room. */
  taken(): number;
  /** How many records may be dropped. */
  droppable(): number;
  find(key: string): Place | undefined;
  /** Makes the record the most recently used one. */
  touch(place: Place): void;
  /** Writes a record; a new one belongs to the share of that name. Whether there is room for it is not asked. */
  put(key: string, record: StoredRecord, share: string): void;
  remove(place: Place): void;
  /** The share of that name; undefined while it has no record. */
  share(name: string): Share | undefined;
  /** The share that holds most, of those that have a record to drop. Of very many shares only some are looked at. */
  largest(): Share | undefined;
  all(): Iterable<Place>;
  clear(): void;
}

/** Places for records; none yet. */
export function places({ mayDrop, needsNoRoom }: PlaceRules): Places {
  const byKey = new Map<string, Place>();
  const shares = new Map<string, Share>();
  let taken = 0;
  let droppable = 0;

  const shareNamed = (name: string): Share => {
    const known = shares.get(name);
    if (known !== undefined) return known;
    const share: Share = { name, held: 0, records: 0, droppable: useOrder() };
    shares.set(name, share);
    return share;
  };
  const countRoom = (place: Place, takesRoom: boolean) => {
    if (place.takesRoom === takesRoom) return;
    place.takesRoom = takesRoom;
    taken += takesRoom ? 1 : -1;
    place.share.held += takesRoom ? 1 : -1;
  };
  const makeNewest = (place: Place) => {
    if (!place.listed) droppable += 1;
    use(place.share.droppable, place);
  };
  const keep = (place: Place) => {
    if (place.listed) droppable -= 1;
    forget(place.share.droppable, place);
  };

  return {
    taken: () => taken,
    droppable: () => droppable,
    find: (key) => byKey.get(key),
    touch(place) {
      if (place.listed) makeNewest(place);
    },
    put(key, record, shareName) {
      let place = byKey.get(key);
      if (place === undefined) {
        const share = shareNamed(shareName);
        place = { key, share, record, takesRoom: false, listed: false, older: undefined, newer: undefined };
        place.share.records += 1;
        byKey.set(key, place);
      }
      place.record = record;
      countRoom(place, !needsNoRoom(record));
      if (mayDrop(record)) makeNewest(place);
      else keep(place);
    },
    remove(place) {
      if (!byKey.delete(place.key)) return;
      keep(place);
      countRoom(place, false);
      place.share.records -= 1;
      // Names of shares may come from requests. None is remembered for longer than its records.
      if (place.share.records === 0) shares.delete(place.share.name);
    },
    share: (name) => shares.get(name),
    largest() {
      let largest: Share | undefined;
      let searched = 0;
      for (const share of shares.values()) {
        if (share.droppable.oldest !== undefined && share.held > (largest?.held ?? 0)) largest = share;
        searched += 1;
        if (searched === mostSharesSearched) break;
      }
      return largest;
    },
    all: () => byKey.values(),
    clear() {
      byKey.clear();
      shares.clear();
      taken = 0;
      droppable = 0;
    },
  };
}
