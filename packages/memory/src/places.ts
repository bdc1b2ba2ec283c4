// The records that a memory port holds: each in its share of the room, and those that may be dropped in the order of use.
import type { StoredRecord } from "@tollbooth-stores/core";
import { Droppable, type Used } from "./droppable.ts";

/** Records whose room is counted together: those of one rule, say. */
export interface Share {
  readonly name: string;
  /** How many of its records take room. */
  held: number;
  /** How many records it has, whether they take room or not. */
  records: number;
  readonly droppable: Droppable<Place>;
}

/** One record and the share that it belongs to. */
export interface Place extends Used {
  readonly share: Share;
  record: StoredRecord;
  /** Who holds it; undefined once it is removed. */
  holder: Places | undefined;
  takesRoom: boolean;
  /** Whether it is among its share's `droppable`. */
  mayGo: boolean;
}

/** How many shares are looked at for one that has something to drop: enough for all rules of a service. */
const mostSharesSearched = 64;

/** What decides where a record belongs. */
export interface PlaceRules {
  isEvictable: (record: StoredRecord) => boolean;
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
  put(key: string, record: StoredRecord, share: string): Place;
  /** Writes the record of a place anew. */
  rewrite(place: Place, record: StoredRecord): void;
  remove(place: Place): void;
  /** The share of that name; undefined while it has no record. */
  share(name: string): Share | undefined;
  /** The share that holds most, of those that have a record to drop. Of very many shares only some are looked at. */
  largest(): Share | undefined;
  all(): Iterable<Place>;
  clear(): void;
}

/** Places for records; none yet. */
export function places({ isEvictable, needsNoRoom }: PlaceRules): Places {
  const byKey = new Map<string, Place>();
  const shares = new Map<string, Share>();
  let taken = 0;
  let droppable = 0;

  const shareNamed = (name: string): Share => {
    const known = shares.get(name);
    if (known !== undefined) return known;
    const share: Share = { name, held: 0, records: 0, droppable: new Droppable() };
    shares.set(name, share);
    return share;
  };
  const countRoom = (place: Place, takesRoom: boolean) => {
    if (place.takesRoom === takesRoom) return;
    place.takesRoom = takesRoom;
    taken += takesRoom ? 1 : -1;
    place.share.held += takesRoom ? 1 : -1;
  };
  const allow = (place: Place) => {
    droppable += 1;
    place.mayGo = true;
    place.share.droppable.add(place);
  };
  const keep = (place: Place) => {
    if (!place.mayGo) return;
    droppable -= 1;
    place.mayGo = false;
    place.share.droppable.remove(place);
  };
  const touch = (place: Place) => {
    if (place.mayGo) place.share.droppable.use(place);
  };
  const rewrite = (place: Place, record: StoredRecord) => {
    place.record = record;
    countRoom(place, !needsNoRoom(record));
    if (!isEvictable(record)) keep(place);
    else if (place.mayGo) touch(place);
    else allow(place);
  };

  const self: Places = {
    taken: () => taken,
    droppable: () => droppable,
    find: (key) => byKey.get(key),
    touch,
    put(key, record, shareName) {
      let place = byKey.get(key);
      if (place === undefined) {
        const share = shareNamed(shareName);
        place = { key, share, record, holder: self, takesRoom: false, mayGo: false, usedAt: 0, isNoted: false };
        place.share.records += 1;
        byKey.set(key, place);
      }
      rewrite(place, record);
      return place;
    },
    rewrite,
    remove(place) {
      if (!byKey.delete(place.key)) return;
      place.holder = undefined;
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
        if (share.droppable.size > 0 && share.held > (largest?.held ?? 0)) largest = share;
        searched += 1;
        if (searched === mostSharesSearched) break;
      }
      return largest;
    },
    all: () => byKey.values(),
    clear() {
      for (const place of byKey.values()) place.holder = undefined;
      byKey.clear();
      shares.clear();
      taken = 0;
      droppable = 0;
    },
  };
  return self;
}
