// A map that remembers the latest entries and forgets the others.

/** Puts the entry last, and drops the first ones beyond `most`. */
export function keepLatest<K, V>(map: Map<K, V>, most: number, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  for (const first of map.keys()) {
    if (map.size <= most) return;
    map.delete(first);
  }
}
