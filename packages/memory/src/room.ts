// Who gets the places that are left: a share that holds much leaves the rest to others and makes room among its own.

import type { Place, Places, Share } from "./places.ts";

/**
 * A share may grow while it holds less than this many times the free room. So one alone comes to three quarters of all
 * places, a second one beside it to three quarters of the rest, and so on: the thresholds of a shared packet buffer
 * (Choudhury and Hahne, 1998). Only the used and the free room have to be known.
 */
const timesFree = 3;

/** The change that a step would make. */
export interface Demand {
  /** The share of each record that is new, or that takes room from now on. */
  readonly grows: readonly string[];
  /** The share of each record that takes no room from now on. */
  readonly shrinks: readonly string[];
  /** What the step has read. It is not dropped. */
  readonly inUse: readonly Place[];
}

/**
 * The records to drop, so that a step's new ones find room; undefined where too few may go. Without `dropping` it is
 * undefined where any would have to. `shared`: whether shares have to leave room to one another.
 *
 * A share first drops its own least recently used record. Once nothing is free, one that has none to drop takes the place
 * of the largest share's, if that one holds more.
 */
export function roomFor(
  places: Places,
  maxEntries: number,
  shared: boolean,
  { grows, shrinks, inUse }: Demand,
  dropping: boolean,
): Place[] | undefined {
  const mayGrow = (held: number, free: number) => (shared ? held < timesFree * free : free > 0);
  const [only = ""] = grows;
  if (
    grows.length === 1 &&
    shrinks.length === 0 &&
    mayGrow(places.share(only)?.held ?? 0, maxEntries - places.taken())
  ) {
    return [];
  }
  let free = maxEntries - places.taken() + shrinks.length;
  const changes = new Map<string, number>();
  const change = (name: string, by: number) => changes.set(name, (changes.get(name) ?? 0) + by);
  for (const name of shrinks) change(name, -1);

  const victims = new Set<Place>();
  const spared = new Set(dropping ? inUse : []);
  // Records in use and those chosen already are skipped. The ones in use are the newest, so few steps are needed.
  const next = (from: Share | undefined): Place | undefined => {
    for (const place of from?.droppable.oldestFirst() ?? []) {
      if (!victims.has(place)) return spared.has(place) ? undefined : place;
    }
    return undefined;
  };
  const heldBy = (share: Share | undefined) => (share?.held ?? 0) + (share ? (changes.get(share.name) ?? 0) : 0);
  for (const name of grows) {
    const share = places.share(name);
    const held = (share?.held ?? 0) + (changes.get(name) ?? 0);
    if (mayGrow(held, free)) {
      free -= 1;
      change(name, 1);
      continue;
    }
    if (!dropping) return undefined;
    const largest = free > 0 ? undefined : places.largest();
    const victim = next(share) ?? (heldBy(largest) > held ? next(largest) : undefined);
    if (victim === undefined) return undefined;
    victims.add(victim);
    if (victim.takesRoom) change(victim.share.name, -1);
    change(name, 1);
  }
  return [...victims];
}
