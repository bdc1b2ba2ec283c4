// A persistent map from names to instants, as plain data: a change copies the path to one entry and shares the rest. So a
// record of thousands of entries costs only as much as its change.
import { corrupt } from "./session-state.ts";

/**
 * A leaf has entries, a branch has nodes. Names must be spread evenly over their characters, as hashes are. A
 * stored map is checked on the way to a name only.
 */
export interface InstantMap {
  /** How many names there are. */
  readonly size: number;
  /** The first instant of all. */
  readonly earliestMs: number;
  /** The last instant of all. */
  readonly latestMs: number;
  /** Pairs of a name and its instant. */
  readonly entries?: readonly unknown[];
  /** By the digit of the names' character at this depth; null where there is none. */
  readonly nodes?: readonly unknown[];
}

const standard = "A stored index of sessions or of applied operations";

type Entry = readonly [name: string, instantMs: number];

const fanOut = 64;
const longestLeaf = 32;
/** Names of fewer characters than this, or alike in all of these, share a leaf of any length. */
const deepest = 12;

/** The map in what was stored. Throws STORE_CORRUPT for anything else; `what` names it in the error. */
export function instantMap(stored: unknown, what: string = standard): InstantMap {
  if (!isInstantMap(stored)) throw corrupt(what);
  return stored;
}

function isInstantMap(stored: unknown): stored is InstantMap {
  if (typeof stored !== "object" || stored === null) return false;
  const { size, earliestMs, latestMs, entries, nodes }: Partial<Record<keyof InstantMap, unknown>> = stored;
  if (!isInstant(size) || !isInstant(earliestMs) || !isInstant(latestMs)) return false;
  if (nodes === undefined) return Array.isArray(entries);
  return Array.isArray(nodes) && nodes.length === fanOut && entries === undefined;
}

/** The instant of a name. */
export function instantOf(map: InstantMap | null, name: string): number | undefined {
  let node = map;
  for (let depth = 0; node?.nodes !== undefined; depth += 1) node = nodeAt(node.nodes, digit(name, depth));
  return node?.entries?.map(entryOf).find(([other]) => other === name)?.[1];
}

/** The map with this name, added or changed. */
export function withInstant(map: InstantMap | null, name: string, instantMs: number): InstantMap {
  return inserted(map, [name, instantMs], 0);
}

/** The map without this name. Null where nothing is left. */
export function withoutName(map: InstantMap | null, name: string): InstantMap | null {
  return removed(map, name, 0);
}

/** The map without its entries at or before `nowMs`. Reads only the branches that have one. */
export function laterThan(map: InstantMap | null, nowMs: number): InstantMap | null {
  if (map === null || map.latestMs <= nowMs) return null;
  if (map.earliestMs > nowMs) return map;
  if (map.nodes === undefined) return leaf(entriesOf(map).filter(([, instantMs]) => instantMs > nowMs));
  return shrunk(branch(Array.from({ length: fanOut }, (_, at) => laterThan(nodeAt(map.nodes, at), nowMs))));
}

/** Every entry, in no order that means anything. */
export function* instantsOf(map: InstantMap | null): Generator<Entry> {
  if (map?.nodes === undefined) yield* entriesOf(map);
  else for (let at = 0; at < fanOut; at += 1) yield* instantsOf(nodeAt(map.nodes, at));
}

function inserted(map: InstantMap | null, entry: Entry, depth: number): InstantMap {
  if (map?.nodes !== undefined) {
    const at = digit(entry[0], depth);
    return branch(map.nodes.with(at, inserted(nodeAt(map.nodes, at), entry, depth + 1)));
  }
  const entries = [...entriesOf(map).filter(([name]) => name !== entry[0]), entry];
  if (entries.length <= longestLeaf || depth >= deepest) return leafOf(entries);
  const empty = branch(Array.from({ length: fanOut }, () => null));
  return entries.reduce((made, each) => inserted(made, each, depth), empty);
}

function removed(map: InstantMap | null, name: string, depth: number): InstantMap | null {
  if (map?.nodes === undefined) {
    const entries = entriesOf(map);
    const kept = entries.filter(([other]) => other !== name);
    return kept.length === entries.length ? map : leaf(kept);
  }
  const at = digit(name, depth);
  const before = nodeAt(map.nodes, at);
  const after = removed(before, name, depth + 1);
  return after === before ? map : shrunk(branch(map.nodes.with(at, after)));
}

function leaf(entries: readonly Entry[]): InstantMap | null {
  return entries.length === 0 ? null : leafOf(entries);
}

function leafOf(entries: readonly Entry[]): InstantMap {
  let [earliestMs, latestMs] = [Number.MAX_SAFE_INTEGER, 0];
  for (const [, instantMs] of entries) {
    earliestMs = Math.min(earliestMs, instantMs);
    latestMs = Math.max(latestMs, instantMs);
  }
  return { size: entries.length, earliestMs, latestMs, entries };
}

function branch(nodes: readonly unknown[]): InstantMap {
  let [size, earliestMs, latestMs] = [0, Number.MAX_SAFE_INTEGER, 0];
  for (let at = 0; at < fanOut; at += 1) {
    const node = nodeAt(nodes, at);
    if (node === null) continue;
    size += node.size;
    earliestMs = Math.min(earliestMs, node.earliestMs);
    latestMs = Math.max(latestMs, node.latestMs);
  }
  return { size, earliestMs, latestMs, nodes };
}

/** A branch that holds few entries becomes a leaf again; null where it holds none. */
function shrunk(map: InstantMap): InstantMap | null {
  return map.size > longestLeaf / 2 ? map : leaf([...instantsOf(map)]);
}

function entriesOf(map: InstantMap | null): Entry[] {
  return map?.entries?.map(entryOf) ?? [];
}

function entryOf(stored: unknown): Entry {
  const [name, instantMs]: unknown[] = Array.isArray(stored) ? stored : [];
  if (typeof name !== "string" || !isInstant(instantMs)) throw corrupt(standard);
  return [name, instantMs];
}

function nodeAt(nodes: readonly unknown[] | undefined, at: number): InstantMap | null {
  const stored = nodes?.[at];
  return stored === null || stored === undefined ? null : instantMap(stored);
}

/** Those of base64url are told apart, but for a few. */
function digit(name: string, depth: number): number {
  return name.charCodeAt(depth) % fanOut || 0;
}

function isInstant(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
