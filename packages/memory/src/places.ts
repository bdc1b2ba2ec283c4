// The records that a memory port holds: each in its share of the room, and those that may be dropped in the order of use.
import type { StoredRecord } from "@tollbooth-stores/core";
import { forget, type Link, linkOf, type UseOrder, use, useOrder } from "./use-order.ts";

/** Records whose room is counted together: those of one rule, say. */
export interface Share {
  readonly name: string;
  /** How many of its records take room. */
  held: number;
  /** How many records it has, whether they take room or not. */
  records: number;
  readonly droppable: UseOrder<Place>;
}

/** One record and where it is. */
export class Place {
  takesRoom = false;
  /** Its links in the orders of use of its share and of all records that may be dropped. */
  readonly inShare: Link<Place> = linkOf<Place>(this);
  readonly inAll: Link<Place> = linkOf<Place>(this);

  constructor(
    readonly key: string,
    readonly share: Share,
    public record: StoredRecord,
  ) {}
}

/** What decides where a record belongs. */
export interface PlaceRules {
  mayDrop: (record: StoredRecord) => boolean;
  needsNoRoom: (record: StoredRecord) => boolean;
  shareOf: (key: string) => string;
}

export interface Places {
  /** How many records take room. */
  taken(): number;
  /** How many records may be dropped. */
  droppable(): number;
  /** How many shares have a record. */
  shareCount(): number;
  find(key: string): Place | undefined;
  /** Makes the record the most recently used one. */
  touch(place: Place): void;
  /** Writes a record. Whether there is room for it is not asked. */
  put(key: string, record: StoredRecord): void;
  remove(place: Place): void;
  /** The share of that name; undefined while it has no record. */
  share(name: string): Share | undefined;
  /** The least recently used record of all that may be dropped. */
  oldest(): Link<Place> | undefined;
  all(): Iterable<Place>;
  clear(): void;
}

/** Places for records; none yet. */
export function places({ mayDrop, needsNoRoom, shareOf }: PlaceRules): Places {
  const byKey = new Map<string, Place>();
  const shares = new Map<string, Share>();
  let byUse = useOrder<Place>();
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
    if (!place.inAll.listed) droppable += 1;
    use(place.share.droppable, place.inShare);
    use(byUse, place.inAll);
  };
  const keep = (place: Place) => {
    if (place.inAll.listed) droppable -= 1;
    forget(place.share.droppable, place.inShare);
    forget(byUse, place.inAll);
  };

  return {
    taken: () => taken,
    droppable: () => droppable,
    shareCount: () => shares.size,
    find: (key) => byKey.get(key),
    touch(place) {
      if (place.inAll.listed) makeNewest(place);
    },
    put(key, record) {
      let place = byKey.get(key);
      if (place === undefined) {
        place = new Place(key, shareNamed(shareOf(key)), record);
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
    oldest: () => byUse.oldest,
    all: () => byKey.values(),
    clear() {
      byKey.clear();
      shares.clear();
      byUse = useOrder();
      taken = 0;
      droppable = 0;
    },
  };
}
