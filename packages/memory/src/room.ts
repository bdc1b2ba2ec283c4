// Who gets the places that are left: a share that holds much leaves the rest to others and makes room among its own.

import type { Place, Places, Share } from "./places.ts";
import type { Link } from "./use-order.ts";

/**
 * A share may grow while it holds less than this many times what is free. So one alone comes to three quarters of all
 * places, a second one beside it to three quarters of the rest, and so on: the thresholds of a shared packet buffer
 * (Choudhury and Hahne, 1998). What is used and free is all that has to be known.
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
 * A share first drops its own least recently used record. One that holds less than an equal part of all places may take
 * the least recently used record of any share, once nothing is free.
 */
export function roomFor(
  places: Places,
  maxEntries: number,
  shared: boolean,
  { grows, shrinks, inUse }: Demand,
  dropping: boolean,
): Place[] | undefined {
  let free = maxEntries - places.taken() + shrinks.length;
  const changes = new Map<string, number>();
  const change = (name: string, by: number) => changes.set(name, (changes.get(name) ?? 0) + by);
  for (const name of shrinks) change(name, -1);

  const victims = new Set<Place>();
  const spared = new Set(dropping ? inUse : []);
  // What is in use or chosen already is skipped. Whatever is in use is the most recently used, so few steps are needed.
  const next = (first: Link<Place> | undefined): Place | undefined => {
    let link = first;
    while (link !== undefined && victims.has(link.of)) link = link.newer;
    return link === undefined || spared.has(link.of) ? undefined : link.of;
  };
  for (const name of grows) {
    const share: Share | undefined = places.share(name);
    const held = (share?.held ?? 0) + (changes.get(name) ?? 0);
    if (shared ? held < timesFree * free : free > 0) {
      free -= 1;
      change(name, 1);
      continue;
    }
    if (!dropping) return undefined;
    const underPart = free <= 0 && held < maxEntries / Math.max(1, places.shareCount());
    const victim = next(share?.droppable.oldest) ?? (underPart ? next(places.oldest()) : undefined);
    if (victim === undefined) return undefined;
    victims.add(victim);
    if (victim.takesRoom) change(victim.share.name, -1);
    change(name, 1);
  }
  return [...victims];
}
